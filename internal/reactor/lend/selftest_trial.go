//go:build !safe

package lend

import (
	"bytes"
	"errors"
	"fmt"
)

// door is what a Conn is to its lender.
type door interface {
	Lend(records []byte)
	Ahead() []byte
	Pending() int
	Return()
}

// trialRead is how much is read at a time: a record, and a little.
const trialRead = MaxPlaintext + 4<<10

// trial reads a pair's client as an event loop does.
type trial struct {
	*pair
	door   door
	buf    []byte // as read from the socket
	behind [Slack]byte
	rest   []byte // an unfinished record
	plain  []byte
	got    []byte
	want   []byte
	err    error  // of a Read; nil: the connection stands
	count  uint64 // records that the server has written
}

// reset begins with another connection.
func (t *trial) reset(p *pair, d door) {
	*t = trial{pair: p, door: d, buf: t.buf, plain: t.plain, rest: t.rest[:0], got: t.got[:0], want: t.want[:0]}
}

// write has the server write what the client is then to read.
func (t *trial) write(s string) error {
	_, err := t.server.Write(t.expect(s))
	return err
}

// expect notes what is to come.
func (t *trial) expect(s string) []byte {
	t.want = append(t.want, s...)
	return []byte(s)
}

// check compares what came with what was to come, and forgets both.
func (t *trial) check(what string) error {
	if !bytes.Equal(t.got, t.want) || len(t.rest) > 0 {
		return fmt.Errorf("%s: %d bytes came instead of %d, or others (%v)", what, len(t.got), len(t.want), t.err)
	}
	t.got, t.want = t.got[:0], t.want[:0]
	return nil
}

// feed takes bytes as one read of a socket brought them, and lends the whole records
// among them.
func (t *trial) feed(b []byte) error {
	n := copy(t.buf, t.rest)
	n += copy(t.buf[n:], b)
	whole := Whole(t.buf[:n])
	t.rest = append(t.rest[:0], t.buf[whole:n]...)
	if whole == 0 {
		return nil
	}
	for i := n; i < whole+Slack; i++ {
		t.buf[i] = byte(i)
	}
	copy(t.behind[:], t.buf[whole:])

	t.door.Lend(t.buf[: whole : whole+Slack])
	used, reads := 0, 0
	var err error
	for ; err == nil && len(t.door.Ahead()) > 0; reads++ {
		if reads > whole {
			return errors.New("reads bring neither bytes nor an error")
		}
		var m int
		m, err = t.client.Read(t.plain[used:])
		used += m
	}
	left := t.door.Pending()
	t.door.Return()
	if err != nil && err != errDry {
		t.err = err
	}
	if left > 0 {
		return fmt.Errorf("%d bytes were left although there was room for them", left)
	}
	if !bytes.Equal(t.behind[:], t.buf[whole:whole+Slack]) {
		return errors.New("bytes behind the records were written")
	}
	t.got = append(t.got, t.plain[:used]...)
	for i := range whole {
		t.buf[i] = 0xcc // whoever still refers to it reads this
	}
	return nil
}

// records counts whole records.
func records(b []byte) (n uint64) {
	for len(b) >= headerSize {
		size := headerSize + (int(b[3])<<8 | int(b[4]))
		b = b[min(size, len(b)):]
		n++
	}
	return n
}
