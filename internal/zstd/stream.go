package zstd

// A Stream is what a connection remembers between its messages: the end of
// the output, up to the frame's window, in memory that grows with it, and
// about half a KiB. The zero value is ready for the first message. It must
// not be copied once used, and is used by one goroutine at a time.
type Stream struct {
	phase   phase
	frame   frame
	recent  [3]uint32 // repeat offsets (RFC 8878 section 3.1.1.5)
	history history
	tree    treeDescription
	tables  [sequenceCodes]description
	ahead   scan // of a message of which a part has come
}

// A phase says what the next byte of a stream belongs to.
type phase uint8

const (
	atFrame phase = iota
	atBlock
	atFailure // nothing: the stream is of no use
)

// Reset makes the stream ready for a new connection. It keeps the memory of
// the window, with its bytes: no offset reaches them, as the history is
// empty.
func (s *Stream) Reset() {
	s.phase = atFrame
	s.ahead = scan{}
	s.history.next, s.history.size, s.history.forgotten = 0, 0, 0
	s.forget()
}

// forget makes the tables and offsets those of a frame's beginning.
func (s *Stream) forget() {
	s.recent = [3]uint32{1, 4, 8}
	s.tree.tag = 0
	for i := range s.tables {
		s.tables[i].tag = 0
	}
}

// Window returns how many bytes the stream has for its window now.
func (s *Stream) Window() int { return len(s.history.ring) }
