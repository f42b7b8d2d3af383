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

// bytes returns the ring, nil without a window.
func (h *history) bytes() []byte {
	if h.window == nil {
		return nil
	}
	return h.window[:]
}

// copy fills out from o on with what lies distance bytes before, byte by
// byte: from the ring, which may wrap around, where that is before the start
// of out. It reaches at most h.size bytes before.
func (h *history) copy(out []byte, o, distance int) {
	from := o - distance
	for ; from < 0 && o < len(out); from++ {
		out[o] = h.window[(int(h.next)+from)&(WindowSize-1)]
		o++
	}
	for ; o < len(out); o++ {
		out[o] = out[from]
		from++
	}
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
