package frame

import "math"

// DefaultMaxMessage is the longest message that an [Assembler] takes unless
// told otherwise: 64 MiB.
const DefaultMaxMessage = 64 << 20

// Message is a data message, whole, or a control frame (RFC 6455, section 5).
type Message struct {
	// Opcode is OpText, OpBinary, OpClose, OpPing or OpPong; OpNone if there
	// is no message.
	Opcode Opcode

	// Payload is borrowed and not to be written. What it points to, and until
	// when, says [Assembler.Next].
	Payload []byte
}

// Buffers lends memory for messages that arrive in fragments.
type Buffers interface {
	// Get returns a slice with a capacity of n bytes at least. Its length and
	// contents do not matter.
	Get(n int) []byte

	// Put takes back a slice that Get returned, which may have another length
	// by now.
	Put(b []byte)
}

// Assembler takes what a server sends apart into frames and puts messages
// together. The zero value is ready for a new connection. It belongs to one
// goroutine.
type Assembler struct {
	// MaxMessage is the longest message that is taken, in bytes, summed over
	// its fragments. A longer one is refused as soon as a header announces it.
	// 0 or less stands for DefaultMaxMessage.
	MaxMessage int

	// Buffers lends the memory for fragmented messages. No more than twice
	// MaxMessage is asked for at once, while one grows. Nil stands for make.
	Buffers Buffers

	op      Opcode    // of the fragmented message under way; OpNone: none
	buf     []byte    // its payload so far; or, if op is OpNone, what Next returned last
	text    utf8State // of the text message under way
	checked int       // bytes that text has seen of the unfinished frame's payload
	offset  int64     // bytes consumed since the connection began
}

// Next takes the next frame out of src, which begins where the last one ended,
// and returns the message that it completes and how many bytes it consumed.
//
//   - m.Opcode is not OpNone: a message. The payload of one that came in a
//     single frame, and of any control frame, is a slice of src and has the
//     rest of src as its capacity. That of a fragmented message lies in a buffer
//     that is given back with the next call of Next or Reset.
//   - m.Opcode is OpNone, n > 0: a fragment was taken. Call again.
//   - m.Opcode is OpNone, n == 0: src ends before the frame does. Call again
//     with the same bytes and more behind them; [Assembler.Need] says how many.
//
// Control frames are returned as they come, also between the fragments of a
// message. The payload of a close frame is for [ParseClose] to check.
//
// The error is an [*Error], and m and n are zero with it. A fault is found
// when the first byte that shows it is in src, and does not depend on how the
// bytes were split over calls: a header is judged, and its length held against
// MaxMessage, before the payload has arrived, and text is checked for UTF-8 as
// it arrives. The same call would fail again.
func (a *Assembler) Next(src []byte) (m Message, n int, err error) {
	if a.op == OpNone && a.buf != nil {
		a.release()
	}
	h, fault := parseHeader(src, a.op != OpNone)
	if fault != "" {
		return Message{}, 0, a.fail(CloseProtocolError, fault)
	}
	if h.size == 0 {
		return Message{}, 0, nil
	}
	if a.tooBig(h) {
		return Message{}, 0, a.fail(CloseTooBig, faultTooBig)
	}
	payload := src[h.size:]
	whole := h.length <= uint64(len(payload))
	if whole {
		payload = payload[:h.length]
	}
	if h.op == OpText || h.op == OpContinuation && a.op == OpText {
		if !a.checkText(payload, whole && h.fin) {
			return Message{}, 0, a.fail(CloseInvalidText, faultText)
		}
	}
	if !whole {
		return Message{}, 0, nil
	}
	a.checked = 0
	n = h.size + len(payload)
	a.offset += int64(n)
	if h.op.IsControl() || a.op == OpNone && h.fin {
		return Message{h.op, payload}, n, nil
	}
	return a.join(h, payload), n, nil
}

// Need returns the length of the frame that src begins with, header included,
// in bytes: what [Assembler.Next] needs to consume it. It is 0 as long as src
// does not say, and where Next would return an error for the header.
func (a *Assembler) Need(src []byte) int {
	h, fault := parseHeader(src, a.op != OpNone)
	if fault != "" || a.tooBig(h) {
		return 0
	}
	return h.size + int(h.length)
}

// Reset makes the assembler ready for a new connection. It gives its buffer
// back and keeps MaxMessage and Buffers.
func (a *Assembler) Reset() {
	a.release()
	*a = Assembler{MaxMessage: a.MaxMessage, Buffers: a.Buffers}
}

// limit returns the greatest length of a message, such that it and its header
// can be counted in an int.
func (a *Assembler) limit() int {
	if a.MaxMessage <= 0 {
		return DefaultMaxMessage
	}
	return min(a.MaxMessage, math.MaxInt-MaxHeader)
}

// tooBig reports whether a frame makes its message longer than the limit.
func (a *Assembler) tooBig(h header) bool {
	length := h.length
	if h.op == OpContinuation {
		length += uint64(len(a.buf))
	}
	return length > uint64(a.limit()) && !h.op.IsControl()
}

// checkText checks what has arrived of a text frame's payload, and with last
// that the message may end there. If it may not, nothing is changed.
func (a *Assembler) checkText(payload []byte, last bool) bool {
	text := a.text
	if !text.write(payload[min(a.checked, len(payload)):]) || last && !text.done() {
		return false
	}
	a.text, a.checked = text, len(payload)
	return true
}

// join adds a fragment to the message and returns the message if it was the
// last (RFC 6455, section 5.4).
func (a *Assembler) join(h header, payload []byte) Message {
	if h.op != OpContinuation {
		a.op = h.op
	}
	a.grow(len(payload))
	a.buf = append(a.buf, payload...)
	if !h.fin {
		return Message{}
	}
	m := Message{a.op, a.buf}
	a.op = OpNone
	return m
}

// grow makes room for n more bytes in buf. Capacity doubles, so that a message
// in many fragments is copied about twice; it needs no more than the limit.
func (a *Assembler) grow(n int) {
	need := len(a.buf) + n
	if need <= cap(a.buf) {
		return
	}
	size := max(need, 2*min(cap(a.buf), a.limit()/2))
	var buf []byte
	if a.Buffers != nil {
		buf = a.Buffers.Get(size)
	} else {
		buf = make([]byte, 0, size)
	}
	buf = append(buf[:0], a.buf...)
	a.release()
	a.buf = buf
}

// release gives the buffer back.
func (a *Assembler) release() {
	if a.buf != nil && a.Buffers != nil {
		a.Buffers.Put(a.buf)
	}
	a.buf = nil
}

// fail returns the error for the frame that comes next.
func (a *Assembler) fail(code uint16, reason string) *Error {
	return &Error{Code: code, Reason: reason, Offset: a.offset}
}
