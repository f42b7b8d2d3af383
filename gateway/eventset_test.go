package gateway

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// A model of sets, to hold EventSet against.
type model map[EventType]bool

func randomSet(random *rand.Rand) (EventSet, model) {
	var types []EventType
	m := model{}
	for range random.IntN(numEventTypes) {
		e := EventType(random.IntN(numEventTypes))
		types = append(types, e)
		m[e] = true
	}
	return Events(types...), m
}

func (m model) check(t *testing.T, what string, s EventSet) {
	t.Helper()
	var all []EventType
	for e := range 256 {
		if got := s.Has(EventType(e)); got != m[EventType(e)] {
			t.Errorf("%s: Has(%v) = %v", what, EventType(e), got)
		} else if got {
			all = append(all, EventType(e))
		}
	}
	if s.Len() != len(all) || s.IsEmpty() != (len(all) == 0) {
		t.Errorf("%s: Len() = %d, IsEmpty() = %v for %d types", what, s.Len(), s.IsEmpty(), len(all))
	}
	if got := slices.Collect(s.All()); !slices.Equal(got, all) {
		t.Errorf("%s: All() yields %v, want %v", what, got, all)
	}
	if got, err := ParseEventSet(s.String()); err != nil || got != s {
		t.Errorf("%s: ParseEventSet(%q) = %v, %v", what, s.String(), got, err)
	}
}

func TestEventSetAgainstModel(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 300 {
		a, ma := randomSet(random)
		b, mb := randomSet(random)
		union, intersect, without := model{}, model{}, model{}
		for e := range EventType(numEventTypes) {
			union[e] = ma[e] || mb[e]
			intersect[e] = ma[e] && mb[e]
			without[e] = ma[e] && !mb[e]
		}
		ma.check(t, "a", a)
		union.check(t, "a ∪ b", a.Union(b))
		intersect.check(t, "a ∩ b", a.Intersect(b))
		without.check(t, "a ∖ b", a.Without(b))
	}
}

func TestAllDispatches(t *testing.T) {
	m := model{EventUnknown: true}
	for _, name := range dispatchNames {
		m[ParseEventType([]byte(name))] = true
	}
	m.check(t, "AllDispatches", AllDispatches())
	if n := AllDispatches().Len(); n != 80 {
		t.Errorf("AllDispatches has %d types, want 79 and the unknown", n)
	}
}

func TestEventsLeavesOutNumbersThatAreNoType(t *testing.T) {
	for e := numEventTypes; e < 256; e++ {
		if s := Events(EventType(e)); !s.IsEmpty() {
			t.Errorf("Events(%d) = %v", e, s)
		}
	}
	if !Events().IsEmpty() || Events() != (EventSet{}) {
		t.Error("Events() is not the zero value")
	}
}

func TestEventSetAllStops(t *testing.T) {
	var got []EventType
	for e := range Events(EventReady, EventMessageCreate, EventClosed).All() {
		got = append(got, e)
		if len(got) == 2 {
			break
		}
	}
	if want := []EventType{EventReady, EventMessageCreate}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEventSetAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	a, b := AllDispatches(), Events(EventClosed, EventReady)
	count := 0
	if n := testing.AllocsPerRun(100, func() {
		s := a.Union(b).Intersect(a).Without(b)
		for e := range s.All() {
			if s.Has(e) {
				count++
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

var boolSink bool

func BenchmarkEventSetHas(b *testing.B) {
	s := Events(EventMessageCreate, EventInteractionCreate)
	e := EventType(0)
	for b.Loop() {
		boolSink = s.Has(e)
		e = (e + 1) & 127
	}
}
