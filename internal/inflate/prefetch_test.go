package inflate

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What is asked for is both ends of all that the batch has of the window, and nothing else.
func TestPrefetch(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	for range 500 {
		window := &Window{}
		d := Decoder{past: &history{window: window, next: rng.Int32N(WindowSize), size: WindowSize}, size: rng.IntN(500)}
		var want []uint32
		at, literals := d.size, 0
		d.batch.match = rng.IntN(maxMatches + 1)
		for i := range d.batch.match {
			run, length := rng.IntN(12), 3+rng.IntN(maxMatch-2)
			literals += run
			at += run
			distance := 1 + rng.IntN(min(at+WindowSize, WindowSize))
			d.batch.matches[i] = newMatch(literals, length, distance)
			if distance > at {
				start := (int(d.past.next) + at - distance + WindowSize) % WindowSize
				want = append(want, uint32(start), uint32(start+length-1))
			}
			at += length
		}
		d.prefetch()
		if got := d.batch.places[:len(want)]; !slices.Equal(got, want) {
			t.Fatalf("asked for %v, want %v", got, want)
		}
		if rest := d.batch.places[len(want):]; slices.Max(append(rest, 0)) > 0 {
			t.Fatalf("asked for %v besides", rest)
		}
	}
	(&Decoder{past: &history{}}).prefetch() // without a window
}
