package zstd

import (
	"math/rand/v2"
	"testing"
)

// The ring holds the last bytes, however they came, and grows up to the
// window and no further.
func TestHistoryAppend(t *testing.T) {
	for seed, window := range []int{1, 1 << 10, 1920, 40_000, 64 << 10} {
		rng := rand.New(rand.NewPCG(uint64(seed), 4))
		var h history
		var all []byte
		for range 300 {
			part := make([]byte, rng.IntN(3000))
			switch rng.IntN(50) {
			case 0:
				part = make([]byte, window-1+rng.IntN(3))
			case 1:
				part = make([]byte, rng.IntN(3*window))
			}
			for i := range part {
				part[i] = byte(rng.Uint32())
			}
			h.append(part, window)
			all = append(all, part...)
			if h.size != min(len(all), window) || len(h.ring) > window || len(h.ring) > max(2*len(all), minRing) {
				t.Fatalf("window %d: %d bytes in %d, of %d", window, h.size, len(h.ring), len(all))
			}
			for i := 1; i <= h.size; i++ {
				if got := h.ring[(h.next-i+len(h.ring))%len(h.ring)]; got != all[len(all)-i] {
					t.Fatalf("window %d: byte %d from the end of %d is %#x, want %#x", window, i, len(all), got, all[len(all)-i])
				}
			}
		}
	}
}

// Lengths of all sizes at all distances: from every place around the border
// between the window and the message, and where the ring wraps.
func TestHistoryMatch(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	const window = 300
	var d Decoder
	d.literals = make([]byte, room)
	for fill := 250; fill < 900; fill += 1 + rng.IntN(9) {
		var s Stream
		s.frame.window = 2 * window
		h := &s.history
		d.stream = &s
		all := make([]byte, fill)
		for i := range all {
			all[i] = byte(rng.Uint32())
		}
		for rest := all; len(rest) > 0; {
			n := min(1+rng.IntN(200), len(rest))
			h.append(rest[:n], window)
			rest = rest[n:]
		}
		for before := 1; before <= window+1; before++ {
			done, n := rng.IntN(20), 1+rng.IntN(500)
			d.base = rng.IntN(3)
			d.size = d.base + done
			d.out = make([]byte, d.size+n+room)
			want := append([]byte(nil), all...)
			for i := range done {
				d.out[d.base+i] = byte(rng.Uint32())
				want = append(want, d.out[d.base+i])
			}
			distance := before + done
			v := d.execute([]sequence{{lengths: lengths(n) << 32, offset: uint32(distance) + 3}})
			if (v == ok) != (before <= min(fill, window)) {
				t.Fatalf("%d bytes of history, match %d bytes before it: verdict %d", h.size, before, v)
			} else if v != ok {
				continue
			}
			for range n {
				want = append(want, want[len(want)-distance])
			}
			if string(d.out[d.base:d.size]) != string(want[fill:]) {
				t.Fatalf("%d bytes put in, %d from %d bytes before: differs", fill, n, before)
			}
		}
	}
}
