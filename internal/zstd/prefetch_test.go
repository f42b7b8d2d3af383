package zstd

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// What is prefetched is where matches in the ring begin, and nothing else.
func TestPrefetch(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	var d Decoder
	for range 500 {
		var s Stream
		d.stream = &s
		window := 1 + rng.IntN(500)
		for range rng.IntN(8) {
			s.history.append(make([]byte, rng.IntN(200)), window)
		}
		d.base = rng.IntN(3)
		d.size = d.base + rng.IntN(50)
		d.places = [chunk]uint32{}

		sequences := make([]sequence, rng.IntN(chunk+1))
		var want []uint32
		at := d.size - d.base // behind the history
		for i := range sequences {
			literals, match := rng.IntN(20), 3+rng.IntN(20)
			at += literals
			sequences[i].lengths = lengths(match)<<32 | lengths(literals)
			offset := rng.IntN(at+s.history.size+1) - maxRepeat
			if offset > at {
				want = append(want, uint32(s.history.index(offset-at)))
			}
			sequences[i].offset = uint32(max(0, offset) + maxRepeat)
			if offset <= 0 {
				sequences[i].offset = uint32(1 + rng.IntN(maxRepeat))
			}
			at += match
		}
		d.prefetch(sequences)
		if n := len(want); !slices.Equal(d.places[:n], want) || n < chunk && d.places[n] != 0 {
			t.Fatalf("places %v, want %v", d.places, want)
		}
	}
}
