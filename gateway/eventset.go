package gateway

import (
	"iter"
	"math/bits"
)

// An EventSet is a set of event types: two words, one bit a type. It decides, in this process,
// which events callbacks see; what Discord sends is decided by [Intents]. The zero value is
// the empty set. Sets are values: they compare with == and may be map keys.
type EventSet struct {
	words [2]uint64
}

// allDispatches has the bits of all types up to and with lastDispatch, of which the first
// word is full.
var allDispatches = EventSet{[2]uint64{^uint64(0), 1<<(lastDispatch+1-64) - 1}}

// Events returns the set of the given types. A number that is no event type is left out.
func Events(types ...EventType) EventSet {
	var s EventSet
	for _, t := range types {
		if int(t) < numEventTypes {
			s.words[t>>6] |= 1 << (t & 63)
		}
	}
	return s
}

// AllDispatches returns the set of all dispatches, with [EventUnknown] for those whose name
// this package does not know.
func AllDispatches() EventSet { return allDispatches }

// Has reports whether t is in s.
func (s EventSet) Has(t EventType) bool {
	// Masking spares a bounds check and is harmless: no set holds a type above 127,
	// as the first comparison says.
	return t < 128 && s.words[t>>6&1]>>(t&63)&1 != 0
}

// Union returns the types that are in s, in o or in both.
func (s EventSet) Union(o EventSet) EventSet {
	return EventSet{[2]uint64{s.words[0] | o.words[0], s.words[1] | o.words[1]}}
}

// Intersect returns the types that are in both s and o.
func (s EventSet) Intersect(o EventSet) EventSet {
	return EventSet{[2]uint64{s.words[0] & o.words[0], s.words[1] & o.words[1]}}
}

// Without returns the types that are in s but not in o.
func (s EventSet) Without(o EventSet) EventSet {
	return EventSet{[2]uint64{s.words[0] &^ o.words[0], s.words[1] &^ o.words[1]}}
}

// IsEmpty reports whether s holds no type.
func (s EventSet) IsEmpty() bool { return s == EventSet{} }

// Len returns the number of types in s.
func (s EventSet) Len() int { return bits.OnesCount64(s.words[0]) + bits.OnesCount64(s.words[1]) }

// All yields the types in s, in ascending order.
func (s EventSet) All() iter.Seq[EventType] {
	return func(yield func(EventType) bool) {
		for i, word := range s.words {
			for ; word != 0; word &= word - 1 {
				if !yield(EventType(i<<6 + bits.TrailingZeros64(word))) {
					return
				}
			}
		}
	}
}
