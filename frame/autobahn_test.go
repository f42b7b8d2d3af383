package frame

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/gobwas/ws"
)

// suiteCase is a case of the Autobahn test suite in which the suite plays the
// server: what it sends, and what a client that echoes messages answers.
type suiteCase struct {
	id     string    // the number of the case
	pieces [][]byte  // what the server sends, frame by frame for the most part
	chop   int       // the suite sends chops of so many bytes; 0: it does not
	want   []Message // what the client answers, its close frame excepted
	code   uint16    // the close code that the client answers or fails with

	// failAt is the number of bytes with which the client must have failed the
	// connection, and not with one fewer; 0: it must not fail.
	failAt int
}

// echoed is a case that the server ends with a normal close.
func echoed(id string, pieces [][]byte, want ...Message) suiteCase {
	return closed(id, 1000, slices.Concat(pieces, [][]byte{closeFrame(1000, "")}), want...)
}

// closed is a case in which the server's close frame is among the pieces.
func closed(id string, code uint16, pieces [][]byte, want ...Message) suiteCase {
	return suiteCase{id: id, pieces: pieces, want: want, code: code}
}

// failed is a case in which the client fails the connection with so many bytes
// of a piece; with all of it where that number is 0.
func failed(id string, code uint16, piece, n int, pieces [][]byte, want ...Message) suiteCase {
	if n == 0 {
		n = len(pieces[piece])
	}
	for _, p := range pieces[:piece] {
		n += len(p)
	}
	return suiteCase{id: id, pieces: pieces, want: want, code: code, failAt: n}
}

// chopped returns the case with the size in which the suite chops it.
func (c suiteCase) chopped(size int) suiteCase {
	c.chop = size
	return c
}

// The server's frames are encoded here, by the RFC's picture of a frame, so
// that the package is no witness in its own cause.

// rawFrame returns an unmasked frame with this first byte.
func rawFrame(first byte, payload []byte) []byte {
	b := []byte{first}
	switch n := len(payload); {
	case n <= 125:
		b = append(b, byte(n))
	case n <= 0xffff:
		b = append(b, 126, byte(n>>8), byte(n))
	default:
		b = append(b, 127, 0, 0, 0, 0, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(b, payload...)
}

const fin = 0x80

func textFrame(s string) []byte   { return rawFrame(fin|1, []byte(s)) }
func binaryFrame(s string) []byte { return rawFrame(fin|2, []byte(s)) }
func pingFrame(s string) []byte   { return rawFrame(fin|9, []byte(s)) }
func pongFrame(s string) []byte   { return rawFrame(fin|10, []byte(s)) }

func closeFrame(code uint16, reason string) []byte {
	return rawFrame(fin|8, append(binary.BigEndian.AppendUint16(nil, code), reason...))
}

// rawFragments returns a message as frames of at most size bytes each.
func rawFragments(op byte, payload []byte, size int) [][]byte {
	var pieces [][]byte
	for len(payload) > size {
		pieces = append(pieces, rawFrame(op, payload[:size]))
		payload, op = payload[size:], 0
	}
	return append(pieces, rawFrame(fin|op, payload))
}

func textMessage(s string) Message   { return Message{OpText, []byte(s)} }
func binaryMessage(s string) Message { return Message{OpBinary, []byte(s)} }
func pongMessage(s string) Message   { return Message{OpPong, []byte(s)} }

// repeat returns s again and again, cut to n bytes.
func repeat(s string, n int) string { return strings.Repeat(s, n/len(s)+1)[:n] }

// echoClient is the client of the suite: it echoes messages, answers pings and
// closes, and looks at nothing behind a close.
type echoClient struct {
	in       Assembler
	unread   []byte // begins with an unfinished frame
	received int
	written  []byte
	closedAt int   // bytes received when the client closed; 0: it has not
	err      error // what it failed the connection for
}

func (c *echoClient) receive(p []byte) {
	c.received += len(p)
	if c.closedAt > 0 {
		return
	}
	c.unread = append(c.unread, p...)
	src := c.unread
	for c.closedAt == 0 {
		m, n, err := c.in.Next(src)
		if err != nil {
			c.fail(err)
		}
		if n == 0 {
			break
		}
		src = src[n:]
		c.answer(m)
	}
	c.unread = c.unread[:copy(c.unread, src)]
}

func (c *echoClient) answer(m Message) {
	switch m.Opcode {
	case OpText, OpBinary:
		c.written = AppendFrame(c.written, m.Opcode, testKey, m.Payload)
	case OpPing:
		c.written = AppendFrame(c.written, OpPong, testKey, m.Payload)
	case OpClose:
		code, _, err := ParseClose(m.Payload)
		if err != nil {
			c.fail(err)
			return
		}
		c.close(code)
	}
}

func (c *echoClient) fail(err error) {
	c.err = err
	var e *Error
	if errors.As(err, &e) {
		c.close(e.Code)
	}
}

func (c *echoClient) close(code uint16) {
	c.closedAt = c.received
	c.written = AppendClose(c.written, testKey, code, "")
}

// TestAutobahn runs the cases of the Autobahn test suite that concern a
// client without extensions: sections 1 to 7, 9 and 10.
func TestAutobahn(t *testing.T) {
	scale := 1
	if testing.Short() || raceEnabled {
		scale = 16
	}
	count := 0
	run := func(c suiteCase) {
		count++
		t.Run(c.id, func(t *testing.T) { runCase(t, c, scale) })
	}
	for _, section := range []struct {
		cases func(run func(suiteCase))
		count int
	}{
		{framing, 16},
		{pings, 11},
		{reservedBits, 7},
		{opcodes, 10},
		{fragmentation, 20},
		{textHandling, 13},
		{textSequences, 132},
		{closeHandling, 37},
		{func(run func(suiteCase)) { limits(run, scale) }, 54},
		{autoFragmentation, 1},
	} {
		count = 0
		section.cases(run)
		if count != section.count {
			t.Errorf("%d cases in a section, want %d", count, section.count)
		}
	}
}

// runCase runs a case with the server's bytes split in many ways, long ones in
// single bytes only at full scale.
func runCase(t *testing.T, c suiteCase, scale int) {
	sent := slices.Concat(c.pieces...)
	play := func(name string, pieces [][]byte) {
		if !t.Failed() {
			playCase(t, c, name, pieces)
		}
	}
	play("in one", [][]byte{sent})
	play("in pieces", c.pieces)
	if c.chop > 0 {
		play("in chops", chops(sent, c.chop))
	}
	play("in chops of 997", chops(sent, 997))
	if len(sent) <= 128<<10/scale {
		play("by bytes", chops(sent, 1))
	}
	if len(sent) <= 1<<10 {
		for i := range sent {
			play("in two", [][]byte{sent[:i], sent[i:]})
		}
	}
}

func chops(b []byte, size int) [][]byte { return slices.Collect(slices.Chunk(b, size)) }

func playCase(t *testing.T, c suiteCase, split string, pieces [][]byte) {
	t.Helper()
	lender := &loan{}
	client := echoClient{in: Assembler{Buffers: lender}}
	at := 0 // bytes received when the client must fail
	for sent, i := 0, 0; i < len(pieces); i++ {
		client.receive(pieces[i])
		if sent < c.failAt {
			sent += len(pieces[i])
			at = sent
		}
	}
	if (client.err != nil) != (c.failAt > 0) {
		t.Fatalf("%s: error %v", split, client.err)
	}
	if c.failAt > 0 && client.closedAt != at {
		t.Errorf("%s: failed after %d bytes, want %d", split, client.closedAt, at)
	}
	rest := client.written
	for i, want := range append(c.want, Message{Opcode: OpClose}) {
		var got Message
		got, rest = nextAnswer(t, rest)
		if got.Opcode != want.Opcode {
			t.Fatalf("%s: answer %d has the opcode %d, want %d", split, i, got.Opcode, want.Opcode)
		}
		if want.Opcode == OpClose {
			wantClose(t, got.Payload, c.code)
		} else if !bytes.Equal(got.Payload, want.Payload) {
			t.Fatalf("%s: answer %d has a payload of %d bytes that differs, want %d bytes", split, i, len(got.Payload), len(want.Payload))
		}
	}
	if len(rest) > 0 {
		t.Errorf("%s: %d bytes behind the close frame", split, len(rest))
	}
	client.in.Reset()
	if lender.lent != 0 {
		t.Errorf("%s: %d buffers still lent", split, lender.lent)
	}
}

// nextAnswer takes the client's next frame out of b, as a server would, with
// another implementation.
func nextAnswer(t *testing.T, b []byte) (Message, []byte) {
	t.Helper()
	r := bytes.NewReader(b)
	h, err := ws.ReadHeader(r)
	if err == nil {
		err = ws.CheckHeader(h, ws.StateServerSide)
	}
	if err != nil || !h.Fin || h.Length > int64(r.Len()) {
		t.Fatalf("header %v, error %v, with %d bytes", h, err, len(b))
	}
	b = b[len(b)-r.Len():]
	payload := b[:h.Length]
	ws.Cipher(payload, h.Mask, 0)
	return Message{h.OpCode, payload}, b[h.Length:]
}

// wantClose checks the payload of the client's close frame.
func wantClose(t *testing.T, payload []byte, code uint16) {
	t.Helper()
	if code == CloseNoStatus {
		if len(payload) != 0 {
			t.Errorf("client closes with % x, want no code", payload)
		}
		return
	}
	if len(payload) < 2 || binary.BigEndian.Uint16(payload) != code {
		t.Errorf("client closes with % x, want %d", payload, code)
	}
}
