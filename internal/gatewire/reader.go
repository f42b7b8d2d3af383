package gatewire

import (
	"encoding/json"
	"io"
	"unicode/utf8"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
)

// Reader reads what a client sends: frames, which it joins to messages. Of a message it keeps no more
// than [gateway.MaxPayload] bytes, the longest that a client may send.
type Reader struct {
	In io.Reader

	// Seen, if set, is told of each frame's header.
	Seen func(ws.Header)

	fragmented bool
	text       bool   // the unfinished message is text
	message    []byte // what there is of it
}

// Incoming is one frame of a client's, and what is whole with it.
type Incoming struct {
	// Op is OpText or OpBinary where a message is whole; OpPing, OpPong or OpClose where the frame is one;
	// OpContinuation, which is 0, where nothing is whole yet.
	Op ws.OpCode

	// Data is the message or the body of the control frame. The caller owns it.
	Data []byte

	// Refused, if not nil, is the rule that the frame breaks. Reading may go on, to find the answer
	// to the close frame.
	Refused *Refusal
}

// Next reads one frame. The error is that of reading.
func (r *Reader) Next() (in Incoming, err error) {
	h, err := ws.ReadHeader(r.In)
	if err != nil {
		return in, err
	}
	if r.Seen != nil {
		r.Seen(h)
	}
	state := ws.StateServerSide
	if r.fragmented {
		state = state.Set(ws.StateFragmented)
	}
	if err := ws.CheckHeader(h, state); err != nil {
		in.Refused = &Refusal{gateway.CloseCode(ws.StatusProtocolError), err.Error()}
	}
	if h.Length > gateway.MaxPayload || len(r.message)+int(h.Length) > gateway.MaxPayload {
		if in.Refused == nil {
			in.Refused = TooLarge
		}
		r.message, r.fragmented = nil, !h.Fin
		_, err := io.CopyN(io.Discard, r.In, h.Length)
		return in, err
	}
	body := make([]byte, h.Length)
	if _, err := io.ReadFull(r.In, body); err != nil {
		return in, err
	}
	if h.Masked {
		ws.Cipher(body, h.Mask, 0)
	}
	if h.OpCode.IsControl() {
		in.Op, in.Data = h.OpCode, body
		return in, nil
	}
	if h.OpCode != ws.OpContinuation {
		r.text = h.OpCode == ws.OpText
	}
	r.message = append(r.message, body...)
	if r.fragmented = !h.Fin; h.Fin {
		in.Op, in.Data = ws.OpBinary, r.message
		if r.text {
			in.Op = ws.OpText
		}
		r.message = nil
	}
	return in, nil
}

// Command is a client's payload as it was sent, its data unread.
type Command struct {
	Op gateway.Opcode
	D  json.RawMessage // nil where there is none
}

// ParseCommand reads a message. What is no payload is refused, and so is an opcode that cannot be one.
// limited counts the message and reports whether that was one too many; it is asked between the encoding
// and the content, as by Discord.
func ParseCommand(in Incoming, limited func() bool) (Command, *Refusal) {
	switch {
	case in.Op == ws.OpText && !utf8.Valid(in.Data):
		return Command{}, NotUTF8
	case limited():
		return Command{}, RateLimited
	}
	var p struct {
		Op *int64          `json:"op"`
		D  json.RawMessage `json:"d"`
	}
	if json.Unmarshal(in.Data, &p) != nil || p.Op == nil {
		return Command{}, DecodeError
	}
	return Command{gateway.Opcode(*p.Op), p.D}, nil
}

// CloseAnswer returns the body of the close frame that answers one with the given body: its code, or 1002
// where it is none that may be sent (RFC 6455, section 7.4).
func CloseAnswer(body []byte) []byte {
	code, reason := ws.ParseCloseFrameData(body)
	switch {
	case len(body) > 0 && ws.CheckCloseFrameData(code, reason) != nil:
		return ws.NewCloseFrameBody(ws.StatusProtocolError, "")
	case len(body) > 2:
		return body[:2]
	}
	return body
}
