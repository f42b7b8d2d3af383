package gateway

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// typeByName is the oracle of ParseEventType, made from the test's own list of names.
var typeByName = func() map[string]EventType {
	names := map[string]EventType{}
	for t := range EventType(numEventTypes) {
		if slices.Contains(dispatchNames, t.String()) {
			names[t.String()] = t
		}
	}
	return names
}()

func TestParseEventType(t *testing.T) {
	for _, name := range dispatchNames {
		if got := ParseEventType([]byte(name)); got == EventUnknown || got.String() != name {
			t.Errorf("ParseEventType(%q) = %v", name, got)
		}
	}
	for _, name := range append(otherNames, "UNKNOWN", "", "R", "READ", strings.Repeat("READY", 1000)) {
		if got := ParseEventType([]byte(name)); got != EventUnknown {
			t.Errorf("ParseEventType(%q) = %v, want UNKNOWN", name, got)
		}
	}
	if ParseEventType(nil) != EventUnknown {
		t.Error("ParseEventType(nil) is not UNKNOWN")
	}
}

// Whatever is one step from a name (another byte, one more, one less, two exchanged, other case)
// is unknown, unless it is itself a name.
func TestParseEventTypeNearMisses(t *testing.T) {
	check := func(near []byte) {
		if got, want := ParseEventType(near), typeByName[string(near)]; got != want {
			t.Fatalf("ParseEventType(%q) = %v, want %v", near, got, want)
		}
	}
	for _, name := range dispatchNames {
		check(bytes.ToLower([]byte(name)))
		for i := range len(name) {
			for c := range 256 {
				near := []byte(name)
				near[i] = byte(c)
				check(near)
				check([]byte(name[:i] + string([]byte{byte(c)}) + name[i:]))
			}
			check([]byte(name[:i]))
			check([]byte(name[i+1:]))
			check([]byte(name[:i] + name[i+1:]))
			if i > 0 {
				near := []byte(name)
				near[i-1], near[i] = near[i], near[i-1]
				check(near)
			}
		}
		check([]byte(name + "\x00"))
		check([]byte(name + name))
	}
}

// The bounds of the lengths and the factor of the hash follow from the names.
func TestLookupTable(t *testing.T) {
	shortest, longest := len(dispatchNames[0]), 0
	for _, name := range dispatchNames {
		shortest, longest = min(shortest, len(name)), max(longest, len(name))
	}
	if shortest != minNameLen || longest != maxNameLen {
		t.Errorf("names have %d to %d bytes, the constants say %d and %d", shortest, longest, minNameLen, maxNameLen)
	}
	if collides(lookupFactor) {
		random := rand.New(rand.NewPCG(1, 1))
		for range 10_000_000 {
			if factor := random.Uint64() | 1; !collides(factor) {
				t.Fatalf("two names meet in one slot; lookupFactor = %#x keeps them apart", factor)
			}
		}
		t.Fatal("two names meet in one slot, and no factor keeps them apart: let the hash see more bytes")
	}
}

// collides reports whether two names share a slot under factor.
func collides(factor uint64) bool {
	table := makeLookupTable(factor)
	found := 0
	for _, e := range table {
		if e != EventUnknown {
			found++
		}
	}
	return found != len(dispatchNames)
}

func TestParseEventTypeAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	name, unknown := []byte("GUILD_MEMBER_UPDATE"), []byte("GUILD_MEMBER_UPDATED")
	if n := testing.AllocsPerRun(100, func() {
		ParseEventType(name)
		ParseEventType(unknown)
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
}

func FuzzParseEventType(f *testing.F) {
	for _, name := range dispatchNames {
		f.Add([]byte(name))
	}
	f.Fuzz(func(t *testing.T, name []byte) {
		if got, want := ParseEventType(name), typeByName[string(name)]; got != want {
			t.Errorf("ParseEventType(%q) = %v, want %v", name, got, want)
		}
	})
}

// All names in random order, so that no branch is learned by heart.
var benchNames = func() (names [][]byte) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 1024 {
		names = append(names, []byte(dispatchNames[random.IntN(len(dispatchNames))]))
	}
	return names
}()

var eventTypeSink EventType

// BenchmarkParseEventType compares the lookup with that in a map, over names in random order.
func BenchmarkParseEventType(b *testing.B) {
	b.Run("hash", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			eventTypeSink = ParseEventType(benchNames[i&1023])
			i++
		}
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		i := 0
		for b.Loop() {
			eventTypeSink = typeByName[string(benchNames[i&1023])]
			i++
		}
	})
	b.Run("hash/same", func(b *testing.B) {
		name := []byte("MESSAGE_CREATE")
		for b.Loop() {
			eventTypeSink = ParseEventType(name)
		}
	})
	b.Run("map/same", func(b *testing.B) {
		name := []byte("MESSAGE_CREATE")
		for b.Loop() {
			eventTypeSink = typeByName[string(name)]
		}
	})
}
