package fuzz

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/gobwas/ws"
	"github.com/gobwas/ws/wsutil"

	"github.com/sluice-go/sluice/frame"
)

// FuzzFrame gives a server's bytes to a frame.Assembler and to the reader of
// gobwas/ws, which must find the same messages and the same fault. The bytes
// are then given again in other splits, which must change nothing.
func FuzzFrame(f *testing.F) {
	for _, seed := range frameSeeds() {
		f.Add(seed, uint16(0xffff), uint64(1))
	}
	f.Fuzz(func(t *testing.T, stream []byte, limit uint16, seed uint64) {
		if len(stream) > 1<<16 {
			t.Skip("long streams find nothing that short ones do not")
		}
		want := readFrames(stream, int64(max(1, limit)))
		got := assembleFrames(t, stream, limit, func(n int) int { return n })
		compareFrameReads(t, "oracle", got, want)
		if got.err != nil && got.err.Code != want.code {
			t.Fatalf("error %v, want close code %d", got.err, want.code)
		}

		random := rand.New(rand.NewPCG(seed, 0))
		for _, split := range []struct {
			name string
			size func(left int) int
		}{
			{"bytes", func(int) int { return 1 }},
			{"equal parts", func(left int) int { return min(left, 1+int(seed%uint64(len(stream)+1))) }},
			{"few parts", func(left int) int { return 1 + random.IntN(left) }},
			{"small parts", func(left int) int { return 1 + random.IntN(min(left, 7)) }},
		} {
			again := assembleFrames(t, stream, limit, split.size)
			compareFrameReads(t, split.name, again, got)
			if (again.err == nil) != (got.err == nil) || got.err != nil && *again.err != *got.err {
				t.Fatalf("%s: error %v, want %v", split.name, again.err, got.err)
			}
		}
	})
}

// frameRead is what a reader made of a stream.
type frameRead struct {
	messages []frame.Message
	consumed int    // bytes of the frames that were taken
	code     uint16 // close code of the fault; 0: none
	err      *frame.Error
}

func compareFrameReads(t *testing.T, name string, got, want frameRead) {
	t.Helper()
	if got.consumed != want.consumed || got.code != want.code || len(got.messages) != len(want.messages) {
		t.Fatalf("%s: %d messages in %d bytes, close code %d; want %d in %d, %d", name,
			len(got.messages), got.consumed, got.code, len(want.messages), want.consumed, want.code)
	}
	for i, m := range got.messages {
		if w := want.messages[i]; m.Opcode != w.Opcode || !bytes.Equal(m.Payload, w.Payload) {
			t.Fatalf("%s: message %d: %d % x, want %d % x", name, i, m.Opcode, m.Payload, w.Opcode, w.Payload)
		}
	}
}

// assembleFrames gives the stream to an Assembler; split says how many more
// bytes it gets to see when it has asked for more.
func assembleFrames(t *testing.T, stream []byte, limit uint16, split func(left int) int) (r frameRead) {
	t.Helper()
	memory := &frameLender{t: t}
	a := frame.Assembler{MaxMessage: max(1, int(limit)), Buffers: memory}
	// What lies behind the bytes that arrived must not matter.
	arrived := 0
	buf := bytes.Repeat([]byte{0xa5}, len(stream)+64)
	for {
		src := buf[r.consumed:arrived]
		m, n, err := a.Next(src)
		switch {
		case err != nil:
			if !errors.As(err, &r.err) || n != 0 || m.Opcode != frame.OpNone || m.Payload != nil {
				t.Fatalf("error %v with %d bytes and %v", err, n, m)
			}
			r.code = r.err.Code
			if r.err.Offset != int64(r.consumed) {
				t.Fatalf("error %v, but %d bytes are consumed", r.err, r.consumed)
			}
			if _, _, again := a.Next(src); again == nil || again.Error() != err.Error() {
				t.Fatalf("error %v, then %v", err, again)
			}
		case n < 0 || n > len(src) || n == 0 && m.Opcode != frame.OpNone:
			t.Fatalf("%d bytes of %d consumed, message %v", n, len(src), m)
		case m.Opcode != frame.OpNone:
			m.Payload = bytes.Clone(m.Payload)
			r.messages = append(r.messages, m)
		}
		r.consumed += n
		if n > 0 {
			continue
		}
		if need := a.Need(src); err == nil && (need < 0 || need > 0 && need <= len(src) || need == 0 && len(src) >= 10) {
			t.Fatalf("needs %d bytes with %d", need, len(src))
		}
		if err != nil || arrived == len(stream) {
			break
		}
		arrived += copy(buf[arrived:], stream[arrived:arrived+split(len(stream)-arrived)])
	}
	if !bytes.Equal(buf[:arrived], stream[:arrived]) {
		t.Fatal("source was written to")
	}
	if memory.most > 2*a.MaxMessage {
		t.Fatalf("%d bytes lent for messages of %d", memory.most, a.MaxMessage)
	}
	a.Reset()
	if memory.lent != 0 {
		t.Fatalf("%d bytes are not given back", memory.lent)
	}
	return r
}

// frameLender is a frame.Buffers that overwrites what is given back.
type frameLender struct {
	t    *testing.T
	lent int // bytes
	most int // bytes lent at once
}

func (l *frameLender) Get(n int) []byte {
	l.lent += n
	l.most = max(l.most, l.lent)
	return make([]byte, n)
}

func (l *frameLender) Put(b []byte) {
	l.lent -= cap(b)
	b = b[:cap(b)]
	for i := range b {
		b[i] = 0xcc
	}
}

// readFrames is the oracle: frame headers and their checks are those of
// gobwas/ws. It adds what that does not check: lengths in their shortest form,
// the limit, and text that is wrong before it ends.
func readFrames(stream []byte, limit int64) (r frameRead) {
	r.code = uint16(ws.StatusProtocolError)
	state := ws.StateClientSide
	var op ws.OpCode
	var message []byte
	for {
		rest := stream[r.consumed:]
		if len(rest) == 0 {
			r.code = 0
			return r
		}
		h, whole, err := readFrameHeader(rest)
		if err != nil || ws.CheckHeader(h, state) != nil {
			return r
		}
		if !whole {
			r.code = 0
			return r
		}
		size := int64(ws.HeaderSize(h))
		if size != frameHeaderSize(rest) {
			return r
		}
		payload := rest[size:min(size+min(h.Length, int64(len(rest))), int64(len(rest)))]
		whole = int64(len(payload)) == h.Length
		if h.OpCode.IsControl() {
			if !whole {
				r.code = 0
				return r
			}
			r.consumed += int(size) + len(payload)
			r.messages = append(r.messages, frame.Message{Opcode: h.OpCode, Payload: payload})
			continue
		}

		if h.Length > limit-int64(len(message)) {
			r.code = uint16(ws.StatusMessageTooBig)
			return r
		}
		if h.OpCode != ws.OpContinuation {
			op = h.OpCode
		}
		text := slices.Concat(message, payload)
		if op == ws.OpText {
			u := wsutil.NewUTF8Reader(bytes.NewReader(text))
			if _, err := io.ReadAll(u); err != nil || whole && h.Fin && !u.Valid() {
				r.code = uint16(ws.StatusInvalidFramePayloadData)
				return r
			}
		}
		if !whole {
			r.code = 0
			return r
		}
		r.consumed += int(size) + len(payload)
		message = text
		state = state.Set(ws.StateFragmented)
		if h.Fin {
			r.messages = append(r.messages, frame.Message{Opcode: op, Payload: message})
			message = nil
			state = state.Clear(ws.StateFragmented)
		}
	}
}

// readFrameHeader reads the header at the start of b. Of one that is not whole it
// returns what the bytes so far must mean, so that it can be checked.
func readFrameHeader(b []byte) (h ws.Header, whole bool, err error) {
	h, err = ws.ReadHeader(bytes.NewReader(b))
	if err != io.EOF && err != io.ErrUnexpectedEOF {
		return h, err == nil, err
	}
	padded := append(bytes.Clone(b), make([]byte, ws.MaxHeaderSize)...)
	if len(b) == 1 {
		// Unmasked, so that only the first byte can be at fault.
		h, err = ws.ReadHeader(bytes.NewReader(padded))
		return h, false, err
	}
	h.Fin, h.Rsv, h.OpCode = b[0]&0x80 != 0, b[0]>>4&7, ws.OpCode(b[0]&0xf)
	h.Masked = b[1]&0x80 != 0
	h.Length = int64(b[1] & 0x7f) // 126 or 127: too long for a control frame
	return h, false, nil
}

// frameHeaderSize returns the size that the length's form gives a server's header.
func frameHeaderSize(b []byte) int64 {
	switch b[1] & 0x7f {
	case 126:
		return 4
	case 127:
		return 10
	}
	return 2
}

// frameSeeds are streams in which each rule is kept and broken.
func frameSeeds() [][]byte {
	concat := func(parts ...[]byte) []byte { return slices.Concat(parts...) }
	server := func(op frame.Opcode, payload string) []byte {
		return frame.AppendServerFrame(nil, op, []byte(payload))
	}
	notFinal := func(b []byte) []byte { b[0] &^= 0x80; return b }
	long := string(bytes.Repeat([]byte("long "), 40))
	return [][]byte{
		nil,
		server(frame.OpText, "text €"),
		server(frame.OpBinary, long),
		concat(server(frame.OpPing, "ping"), server(frame.OpPong, ""), server(frame.OpClose, "\x0f\xa0why")),
		concat(notFinal(server(frame.OpText, "a\xe2")), server(frame.OpPing, ""), notFinal(server(frame.OpContinuation, "\x82")),
			server(frame.OpContinuation, "\xac")),
		concat(notFinal(server(frame.OpBinary, "")), notFinal(server(frame.OpContinuation, long)), server(frame.OpContinuation, long)),
		server(frame.OpText, "surrogate \xed\xa0\x80"),
		notFinal(server(frame.OpPing, "ping")),
		server(frame.OpContinuation, "nothing to continue"),
		concat(notFinal(server(frame.OpText, "a")), server(frame.OpText, "b")),
		{0xc2, 0},
		{0x83, 0},
		{0x82, 0x80, 1, 2, 3, 4},
		{0x89, 126, 0, 126},
		{0x82, 126, 0, 125},
		{0x82, 127, 0, 0, 0, 0, 0, 0, 0xff, 0xff},
		binary.BigEndian.AppendUint64([]byte{0x82, 127}, 1<<63),
		binary.BigEndian.AppendUint64([]byte{0x82, 127}, 1<<40),
	}
}
