package frame

import (
	"bytes"
	"math"
	"testing"
	"unsafe"
)

// take gives src to a until it is used up, or an error or a lack of bytes ends
// it, and returns copies of the messages and what remains of src.
func take(a *Assembler, src []byte) (ms []Message, rest []byte, err error) {
	for {
		m, n, err := a.Next(src)
		if err != nil || n == 0 {
			return ms, src, err
		}
		src = src[n:]
		if m.Opcode != OpNone {
			ms = append(ms, Message{m.Opcode, bytes.Clone(m.Payload)})
		}
	}
}

func equalMessages(a, b []Message) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Opcode != b[i].Opcode || !bytes.Equal(a[i].Payload, b[i].Payload) {
			return false
		}
	}
	return true
}

// TestNextLendsSource asserts that a message of one frame is the source's own
// bytes, with all that lies behind them as capacity.
func TestNextLendsSource(t *testing.T) {
	for _, op := range []Opcode{OpText, OpBinary, OpClose, OpPing, OpPong} {
		src := AppendServerFrame(make([]byte, 0, 64), op, []byte("payload"))
		var a Assembler
		m, n, err := a.Next(src)
		if err != nil || n != len(src) || m.Opcode != op {
			t.Fatalf("opcode %d: %v, %d, %v", op, m, n, err)
		}
		if unsafe.SliceData(m.Payload) != &src[2] || len(m.Payload) != 7 || cap(m.Payload) != cap(src)-2 {
			t.Errorf("opcode %d: payload of %d bytes, capacity %d, is no slice of the source", op, len(m.Payload), cap(m.Payload))
		}
	}
}

// TestNextEmptySource asserts that no bytes are no fault, in any state.
func TestNextEmptySource(t *testing.T) {
	var a Assembler
	for _, src := range [][]byte{nil, {}, {0x02, 1, 'a'}, nil, {0x80, 0}, nil} {
		if _, n, err := a.Next(src); n != len(src) || err != nil {
			t.Fatalf("% x: %d, %v", src, n, err)
		}
	}
}

// TestControlBetweenFragments asserts that control frames come as they are
// between the fragments of a message, and do not count in its length.
func TestControlBetweenFragments(t *testing.T) {
	var src []byte
	src = append(src, 0x02, 2, 'a', 'b')
	src = AppendServerFrame(src, OpPing, letters(125))
	src = append(src, 0x00, 1, 'c')
	src = AppendServerFrame(src, OpPong, nil)
	src = append(src, 0x80, 1, 'd')
	a := Assembler{MaxMessage: 4}
	ms, rest, err := take(&a, src)
	want := []Message{{OpPing, letters(125)}, {OpPong, nil}, {OpBinary, []byte("abcd")}}
	if err != nil || len(rest) != 0 || !equalMessages(ms, want) {
		t.Errorf("messages %v, rest % x, error %v", ms, rest, err)
	}
}

// TestFragmentFaults holds the rules of RFC 6455, section 5.4, and the offset
// of the frame that breaks them.
func TestFragmentFaults(t *testing.T) {
	for _, test := range []struct {
		name   string
		before []byte
		fault  []byte
		want   string
	}{
		{"text within text", []byte{0x01, 0}, []byte{0x81}, faultUnfinishedMessage},
		{"binary within text", []byte{0x01, 0}, []byte{0x02}, faultUnfinishedMessage},
		{"text within binary", []byte{0x02, 1, 'a', 0x89, 0}, []byte{0x81}, faultUnfinishedMessage},
		{"continuation after the last", []byte{0x01, 0, 0x80, 0}, []byte{0x80}, faultNoMessage},
		{"continuation after a message", []byte{0x82, 1, 'a'}, []byte{0x00}, faultNoMessage},
	} {
		t.Run(test.name, func(t *testing.T) {
			var a Assembler
			_, rest, err := take(&a, test.before)
			if err != nil || len(rest) != 0 {
				t.Fatalf("before the fault: rest % x, error %v", rest, err)
			}
			want := Error{CloseProtocolError, test.want, int64(len(test.before))}
			for range 2 { // a fault stays
				_, _, err = a.Next(test.fault)
				wantError(t, err, want)
			}
		})
	}
}

// TestMaxMessage asserts that a message over the limit is refused with its
// header, before memory is taken, and one at the limit is not.
func TestMaxMessage(t *testing.T) {
	tooBig := func(offset int64) Error { return Error{CloseTooBig, faultTooBig, offset} }

	t.Run("one frame", func(t *testing.T) {
		a := Assembler{MaxMessage: 300}
		if m, _, err := a.Next(AppendServerFrame(nil, OpBinary, make([]byte, 300))); len(m.Payload) != 300 || err != nil {
			t.Errorf("at the limit: %d bytes, %v", len(m.Payload), err)
		}
		header := []byte{0x82, 126, 301 >> 8, 301 & 0xff}
		_, _, err := a.Next(header)
		wantError(t, err, tooBig(304))
		if need := a.Need(header); need != 0 {
			t.Errorf("Need = %d", need)
		}
	})

	t.Run("fragments", func(t *testing.T) {
		lender := &loan{}
		a := Assembler{MaxMessage: 300, Buffers: lender}
		src := fragments(OpBinary, letters(300), 100)
		ms, rest, err := take(&a, src)
		if err != nil || len(rest) != 0 || len(ms) != 1 || len(ms[0].Payload) != 300 {
			t.Fatalf("at the limit: %d messages, %d bytes left, error %v", len(ms), len(rest), err)
		}
		a.Reset()
		src = append(src[:3*102-102], 0x80, 101)
		_, rest, err = take(&a, src)
		wantError(t, err, tooBig(204))
		if need := a.Need(rest); need != 0 {
			t.Errorf("Need = %d", need)
		}
		if need := a.Need([]byte{0x80, 100}); need != 102 {
			t.Errorf("Need = %d for a fragment up to the limit", need)
		}
		if lender.mostBytes > 600 {
			t.Errorf("%d bytes lent for messages of 300", lender.mostBytes)
		}
	})

	t.Run("default", func(t *testing.T) {
		for _, limit := range []int{0, -1} {
			a := Assembler{MaxMessage: limit}
			header := []byte{0x82, 127, 0, 0, 0, 0, DefaultMaxMessage >> 24, 0, 0, 0}
			if _, n, err := a.Next(header); n != 0 || err != nil {
				t.Errorf("at the limit: %d, %v", n, err)
			}
			if need := a.Need(header); need != 10+DefaultMaxMessage {
				t.Errorf("Need = %d", need)
			}
			header[9] = 1
			_, _, err := a.Next(header)
			wantError(t, err, tooBig(0))
		}
	})

	// The length of a frame must not overflow an int of any size.
	t.Run("greatest", func(t *testing.T) {
		a := Assembler{MaxMessage: math.MaxInt}
		header := []byte{0x82, 127, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}
		_, _, err := a.Next(header)
		wantError(t, err, tooBig(0))
		if need := a.Need([]byte{0x82, 127, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xf0}); need != 10+0x7ffffff0 && need != 0 {
			t.Errorf("Need = %d", need)
		}
	})
}

// TestReset asserts that nothing of the old connection is left.
func TestReset(t *testing.T) {
	lender := &loan{}
	a := Assembler{MaxMessage: 1 << 20, Buffers: lender}
	for _, old := range [][]byte{
		{0x01, 1, 'a'},             // a message without its end
		{0x01, 1, 0xf0},            // a character without its end
		{0x81, 3, 0xf0, 0x9f},      // a frame without its end
		{0x01, 1, 'a', 0x80, 0},    // a message that is still lent
		{0x01, 1, 'a', 0x80, 0xff}, // a fault
	} {
		_, _, _ = take(&a, old)
		a.Reset()
		if lender.lent != 0 {
			t.Errorf("% x: %d buffers still lent", old, lender.lent)
		}
		ms, _, err := take(&a, []byte{0x81, 3, 0xe2, 0x82, 0xac})
		if err != nil || !equalMessages(ms, []Message{{OpText, []byte("€")}}) {
			t.Errorf("after % x: %v, %v", old, ms, err)
		}
		_, _, err = take(&a, []byte{0x80})
		wantError(t, err, Error{CloseProtocolError, faultNoMessage, 5})
		a.Reset()
	}
	if a.MaxMessage != 1<<20 || a.Buffers != lender {
		t.Error("settings are lost")
	}
}

// TestAllocs asserts that messages of one frame and control frames cost no
// allocation, nor do fragments from a pool.
func TestAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	single := AppendServerFrame(nil, OpBinary, letters(820))
	single = AppendServerFrame(single, OpText, letters(820))
	single = AppendServerFrame(single, OpPing, letters(8))
	for _, test := range []struct {
		name string
		src  []byte
	}{
		{"single frames", single},
		{"unfinished text", single[:len(single)-400]},
		{"fragments", fragments(OpText, letters(4096), 100)},
	} {
		a := Assembler{Buffers: &loan{}}
		allocs := testing.AllocsPerRun(100, func() {
			for src := test.src; ; {
				_, n, err := a.Next(src)
				if err != nil {
					t.Fatal(err)
				}
				if n == 0 {
					a.Need(src)
					break
				}
				src = src[n:]
			}
			a.Reset()
		})
		if allocs != 0 {
			t.Errorf("%s: %v allocations", test.name, allocs)
		}
	}
}
