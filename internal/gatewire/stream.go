package gatewire

// Stream encodes all that goes out on one connection, in runs of an encoder.
type Stream struct {
	Compression Compression
	Owned       bool // the encoder is kept between runs
	Opened      bool // the connection's stream has begun

	run Encoder // the run that goes on; nil between runs
}

// Run returns the encoder of the run that goes on, or of one that begins.
func (s *Stream) Run() Encoder {
	if s.run == nil {
		s.run = NewEncoder(s.Compression)
		s.run.Begin(!s.Opened)
		s.Opened = true
	}
	return s.run
}

// Encoding reports whether there is an encoder at hand. Without one, a payload that is no event is better stored
// (AppendStored) than a run begun for it.
func (s *Stream) Encoding() bool { return s.Owned || s.run != nil }

// AppendStored appends the frames of a payload, which need no encoder.
func (s *Stream) AppendStored(dst, payload []byte) []byte {
	dst = AppendStored(dst, s.Compression, payload, !s.Opened)
	s.Opened = true
	return dst
}

// Interrupt takes the news that other frames went out: the run refers to nothing before them.
func (s *Stream) Interrupt() {
	s.Opened = true
	if s.run != nil {
		s.run.Begin(false)
	}
}

// EndRun gives the encoder back, unless it is the connection's own and the connection goes on.
func (s *Stream) EndRun(last bool) {
	if s.run != nil && (last || !s.Owned) {
		FreeEncoder(s.Compression, s.run)
		s.run = nil
	}
}
