package inflate

import (
	"encoding/binary"
)

// A Stream is what a connection remembers between its messages: the window
// and less than 64 bytes. The zero value is ready for the first message. It
// must not be copied once used, and is used by one goroutine at a time.
type Stream struct {
	history history
	phase   phase
	tries   uint8 // to decode the next message, whose end has not come
}

// A phase says what the next byte of a stream belongs to.
type phase uint8

const (
	atHeader phase = iota
	atBlock
	atEnd
)

// maxTries is how often a message may look complete and not be: each try
// decodes all of it again.
const maxTries = 32

// SetWindow gives a new stream the memory to use, which stays the caller's to
// use again when the stream is done with. Without it, the stream allocates a
// window with its first message.
func (s *Stream) SetWindow(w *Window) { s.history.window = w }

// Window is the memory in use, nil before the first message.
func (s *Stream) Window() *Window { return s.history.window }

// Reset makes the stream ready for a new connection. It keeps the window,
// with its bytes: no distance reaches them, as the history is empty.
func (s *Stream) Reset() {
	*s = Stream{history: history{window: s.history.window}}
}

// hasMarker reports whether src ends as a message does that was flushed
// (zlib: Z_SYNC_FLUSH).
func hasMarker(src []byte) bool {
	n := len(src)
	return n >= 4 && binary.BigEndian.Uint32(src[n-4:]) == 0x0000ffff
}

// zlibHeader checks the two bytes that begin a stream (RFC 1950 section 2.2).
func zlibHeader(b []byte) verdict {
	switch {
	case b[0]&15 != 8:
		return badMethod
	case b[0]>>4 > 7:
		return badWindow
	case binary.BigEndian.Uint16(b)%31 != 0:
		return badHeader
	case b[1]&0x20 != 0:
		return badDictionary
	}
	return more
}
