package eventlog

import "sort"

// Cursor is where a reader stands: in front of the event with the index Next. It belongs to the reader.
type Cursor struct {
	Next int64

	block *block // where Next lies, or the block that ends in front of it; nil: to be found
	at    int    // where in it
	bytes int64  // of the log, in front of the cursor
}

// End returns the cursor behind the newest event.
func (l *Log) End() Cursor {
	c := Cursor{Next: l.last + 1, bytes: l.total}
	if n := len(l.blocks); n > 0 {
		c.block, c.at = l.blocks[n-1], len(l.blocks[n-1].data)
	}
	return c
}

// At returns the cursor in front of the event with an index; false if that is no longer kept, or has yet
// to come and is not the next one.
func (l *Log) At(index int64) (Cursor, bool) {
	if index < l.First() || index > l.last+1 {
		return Cursor{}, false
	}
	if index == l.last+1 {
		return l.End(), true
	}
	i := sort.Search(len(l.blocks), func(i int) bool { return l.blocks[i].first > index }) - 1
	c := Cursor{Next: l.blocks[i].first, block: l.blocks[i], bytes: l.blocks[i].start}
	var e Event
	for c.Next < index {
		c.pass(e.read(c.block.data[c.at:]))
	}
	return c, true
}

func (c *Cursor) pass(n int) {
	c.at += n
	c.bytes += int64(n)
	c.Next++
}

// Bytes returns the [Log.Total] of the moment when the event in front of the cursor was the newest.
func (c *Cursor) Bytes() int64 { return c.bytes }

// Span is some events that a reader has taken. It may be read without the owner's mutex, until Done.
type Span struct {
	block *block
	data  []byte
}

// Take returns events from the cursor on, empty where there are none yet. The cursor does not move: that
// is done by [Span.Next]. It reports false if events that the cursor had yet to read are gone.
func (l *Log) Take(c *Cursor) (Span, bool) {
	if c.Next == l.last+1 {
		return Span{}, true
	}
	if c.Next < l.First() {
		return Span{}, false
	}
	if c.block == nil || c.at == len(c.block.data) { // not its block, or one that ends here
		next, ok := l.At(c.Next)
		if !ok {
			return Span{}, false
		}
		*c = next
	}
	c.block.readers.Add(1)
	return Span{block: c.block, data: c.block.data[c.at:]}, true
}

// Empty reports whether the span has no event left.
func (s *Span) Empty() bool { return len(s.data) == 0 }

// Next reads the next event into e, whose slices are borrowed until Done, and moves the cursor behind it.
// It reports false where the span ends.
func (s *Span) Next(c *Cursor, e *Event) bool {
	if len(s.data) == 0 {
		return false
	}
	n := e.read(s.data)
	s.data = s.data[n:]
	c.pass(n)
	return true
}

// Done ends the loan. The zero value has nothing to end.
func (s *Span) Done() {
	if s.block != nil {
		s.block.readers.Add(-1)
		s.block = nil
	}
}
