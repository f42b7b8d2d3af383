package journal

import "io"

// Stream writes a journal's records one behind another. It is for one goroutine at a time.
type Stream struct {
	out  io.Writer
	size int64
	buf  []byte
}

// NewStream begins a journal.
func NewStream(out io.Writer) (*Stream, error) {
	s := &Stream{out: out, size: int64(len(magic))}
	_, err := io.WriteString(out, magic)
	return s, err
}

// Append writes a record whose body consists of some parts, which are borrowed.
func (s *Stream) Append(kind Kind, parts ...[]byte) error {
	s.buf = appendHead(s.buf[:0], kind, parts...)
	for _, part := range parts {
		s.buf = append(s.buf, part...)
	}
	_, err := s.out.Write(s.buf) // in one piece, so that a process that is killed leaves whole records
	s.size += int64(len(s.buf))
	if cap(s.buf) > maxKept {
		s.buf = nil
	}
	return err
}

// Size returns how many bytes were written.
func (s *Stream) Size() int64 { return s.size }

// maxKept is how large a buffer is kept.
const maxKept = 1 << 20
