package inflate

// What a stream remembers can be set aside for a while: [Stream.Forget] has it remember only
// the last bytes of its output, so that most of the window is free for other use, and
// [Stream.Recall] gives it the others back. A message that refers to what is forgotten is
// corrupt meanwhile, and an error leaves the stream as it was.

// Forgotten says what [Stream.Forget] has taken from a stream.
type Forgotten struct{ size, kept int32 }

// Forget has the stream remember at most the last n bytes. The others may be anything from then
// on, and so may those of the window that [Stream.Remembered] does not name.
func (s *Stream) Forget(n int) Forgotten {
	h := &s.history
	f := Forgotten{h.size, int32(min(int(h.size), n))}
	h.size = f.kept
	return f
}

// Remembered returns how many bytes the stream remembers, and where in the window, which is a
// ring, they begin.
func (s *Stream) Remembered() (start, n int) {
	h := &s.history
	return int(h.next-h.size) & (WindowSize - 1), int(h.size)
}

// Recall gives back what Forget has taken. old is the window as it was then.
func (s *Stream) Recall(f Forgotten, old *Window) {
	h := &s.history
	// What came since lies behind what was kept, and has taken the place of the oldest.
	size := min(int32(WindowSize), f.size+h.size-f.kept)
	start, n := int(h.next-size)&(WindowSize-1), int(size-h.size)
	first := copy(h.window[start:min(start+n, WindowSize)], old[start:])
	copy(h.window[:n-first], old[:])
	h.size = size
}
