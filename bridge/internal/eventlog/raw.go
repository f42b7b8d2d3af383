package eventlog

import (
	"encoding/binary"
	"errors"
)

// Rest returns all events that the span has left, in a form that [Records] reads, and moves the cursor behind
// them. It is borrowed until Done.
func (s *Span) Rest(c *Cursor) []byte {
	rest := s.data
	for e := (Event{}); s.Next(c, &e); {
	}
	return rest
}

// ErrDamaged tells that bytes are no events.
var ErrDamaged = errors.New("eventlog: events are damaged")

// Records calls take with each event that [Span.Rest] returned, or that are like it: what is no event is refused.
// Events are borrowed until take returns. Their types are numbers of the process that wrote them; a name says more.
func Records(b []byte, take func(e *Event) error) error {
	for len(b) > 0 {
		if len(b) < recordHead {
			return ErrDamaged
		}
		size := uint64(recordHead) + uint64(binary.LittleEndian.Uint32(b)) + uint64(b[13]) + uint64(b[14]&^3)
		if size > uint64(len(b)) {
			return ErrDamaged
		}
		var e Event
		n := e.read(b)
		if err := take(&e); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// Restart empties the log. The next event that is appended gets the index.
func (l *Log) Restart(index int64) {
	l.Clear()
	l.last = index - 1
}

// Full reports whether more than a part of the limit was appended since the log's Total was so much.
func (l *Log) Full(since int64, part float64) bool {
	return float64(l.total-since) > part*float64(l.Limit)
}
