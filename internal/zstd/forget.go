package zstd

// What a stream remembers can be set aside for a while: [Stream.Forget] has it remember only the
// last bytes of its output, in little memory, and [Stream.Recall] gives it the others back. A
// message that refers to what is forgotten is corrupt meanwhile, and an error leaves the stream
// as it was.

// Remembered returns how many bytes of output the stream remembers.
func (s *Stream) Remembered() int { return s.history.size }

// AppendRemembered appends the bytes that the stream remembers to dst, the oldest first.
func (s *Stream) AppendRemembered(dst []byte) []byte {
	return s.history.appendLast(dst, s.history.size)
}

// appendLast appends the last n bytes, 0 ≤ n ≤ size.
func (h *history) appendLast(dst []byte, n int) []byte {
	if n == 0 {
		return dst
	}
	start := h.index(n)
	end := min(start+n, len(h.ring))
	dst = append(dst, h.ring[start:end]...)
	return append(dst, h.ring[:n-(end-start)]...)
}

// Forget has the stream remember at most the last n bytes.
func (s *Stream) Forget(n int) {
	h := &s.history
	kept := min(h.size, n)
	ring := h.appendLast(make([]byte, 0, kept), kept)
	*h = history{ring: ring, next: kept, size: kept, forgotten: h.size - kept, kept: kept, capacity: len(h.ring)}
}

// Forgotten reports whether a message may refer to bytes that Forget has taken. It may not if
// another frame has begun, or a whole window has come.
func (s *Stream) Forgotten() bool { return s.history.forgotten > 0 }

// Recall gives back what Forget has taken. old is what AppendRemembered returned before.
func (s *Stream) Recall(old []byte) {
	h := &s.history
	if h.forgotten == 0 {
		return
	}
	window := s.frame.window
	since := h.size - h.kept
	old = old[max(0, len(old)+since-window):]
	size := len(old) + since
	ring := append(make([]byte, 0, min(max(size, h.capacity), window)), old...)
	ring = h.appendLast(ring, since)
	*h = history{ring: ring[:cap(ring)], next: size % window, size: size}
}
