package inflate

// WindowSize is how far back a distance reaches (RFC 1951 section 2).
const WindowSize = 32 << 10

// A Window is the memory in which a [Stream] remembers the end of its output.
type Window [WindowSize]byte

// A history is a window used as a ring.
type history struct {
	window *Window
	next   int32 // where the next byte goes, 0 ≤ next < WindowSize
	size   int32 // bytes remembered, 0 ≤ size ≤ WindowSize
}

// find returns where in the ring a match begins whose first byte lies -from
// bytes before the message, and whether the match ends before the message
// does begin and does not wrap around, even if copied in whole chunks.
func (h *history) find(from, length int) (start int, whole bool) {
	start = (int(h.next) + from) & (WindowSize - 1)
	return start, from+length <= 0 && start <= WindowSize-maxMatch-chunk
}

// copy fills dst, a part of the message's output out, with the match that
// begins -from bytes before the message, byte by byte: from the ring, which
// may wrap around, and then from the start of out. It returns len(dst).
func (h *history) copy(dst, out []byte, from int) int {
	for i := range dst {
		if from < 0 {
			dst[i] = h.window[(int(h.next)+from)&(WindowSize-1)]
		} else {
			dst[i] = out[from]
		}
		from++
	}
	return len(dst)
}

// append remembers the end of out.
func (h *history) append(out []byte) {
	if len(out) == 0 {
		return
	}
	if h.window == nil {
		h.window = new(Window)
	}
	if len(out) >= WindowSize {
		copy(h.window[:], out[len(out)-WindowSize:])
		h.next, h.size = 0, WindowSize
		return
	}
	n := copy(h.window[h.next:], out)
	copy(h.window[:], out[n:])
	h.next = int32((int(h.next) + len(out)) & (WindowSize - 1))
	h.size = int32(min(int(h.size)+len(out), WindowSize))
}
