package zstd

import "math/bits"

// minRing is the least memory that a stream has for its history, unless its
// window is smaller.
const minRing = 16 << 10

// A history is the end of what a frame has put out, up to its window, as a
// ring. The ring grows with it: while it is smaller than the window, it has
// all that was put out, from its start on.
type history struct {
	ring []byte
	next int // where the next byte goes, 0 ≤ next ≤ len(ring)
	size int // bytes remembered, 0 ≤ size ≤ len(ring)

	// See Stream.Forget.
	forgotten int // bytes in front of those that are remembered
	kept      int // bytes of these that were kept
	capacity  int // the ring's, before
}

// reset forgets everything, for a frame with the given window. Memory is kept
// as far as the window needs it.
func (h *history) reset(window int) {
	h.next, h.size, h.forgotten = 0, 0, 0
	if len(h.ring) > window {
		h.ring = nil
	}
}

// index is where in the ring the byte is that came before bytes before the
// next one: 1 ≤ before ≤ size, or else the index means nothing.
func (h *history) index(before int) int {
	i := h.next - before
	return i + len(h.ring)&(i>>(bits.UintSize-1)) // if it is negative
}

// append remembers the end of out, as far as the window goes.
func (h *history) append(out []byte, window int) {
	out = out[max(0, len(out)-window):]
	if len(out) == 0 {
		return
	}
	if size := min(h.size+len(out), window); size > len(h.ring) {
		least := minRing
		if h.forgotten > 0 {
			least = 0 // for what comes on a connection where nothing happens
		}
		ring := make([]byte, min(max(size, 2*len(h.ring), least), window))
		copy(ring, h.ring[:h.size])
		h.ring = ring
	}
	n := copy(h.ring[h.next:], out)
	copy(h.ring, out[n:])
	h.next += len(out)
	if h.next >= window {
		h.next -= window
	}
	if h.size = min(h.size+len(out), window); h.size == window {
		h.forgotten = 0
	}
}
