// Package wiretest is the gateway's end of the wire for tests: payloads, frames and
// messages as a gateway sends them, and what it reads of a client.
package wiretest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/frame"
)

// Token is well-formed, and nobody's.
const Token = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"

// Payloads of the gateway's.
const (
	Hello   = `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`
	Ready   = `{"t":"READY","s":1,"op":0,"d":{"v":10,"session_id":"abc","resume_gateway_url":"wss://us-east1-b.discord.gg","guilds":[]}}`
	Resumed = `{"t":"RESUMED","s":2,"op":0,"d":{}}`
	Ack     = `{"t":null,"s":null,"op":11,"d":null}`
)

// ErrReset is how a connection breaks.
var ErrReset = errors.New("connection reset by peer")

// Event returns an event of some size with a sequence.
func Event(seq int) string {
	return fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{"id":"%d","content":"%s"}}`, seq, seq, strings.Repeat("hello ", seq%20))
}

// Close returns a close frame; code 0 has none.
func Close(code uint16, reason string) []byte {
	var body []byte
	if code != 0 {
		body = append([]byte{byte(code >> 8), byte(code)}, reason...)
	}
	return frame.AppendServerFrame(nil, frame.OpClose, body)
}

// ClientFrame takes one frame off what a client sent: its payload, and how long the
// frame is. It must be whole, masked and final.
func ClientFrame(tb testing.TB, b []byte) (op frame.Opcode, payload []byte, n int) {
	tb.Helper()
	src := strings.NewReader(string(b))
	h, err := ws.ReadHeader(src)
	if err != nil || !h.Masked || !h.Fin || h.Rsv != 0 {
		tb.Fatalf("no client frame: %+v, %v", h, err)
	}
	n = len(b) - src.Len() + int(h.Length)
	payload = b[len(b)-src.Len() : n]
	ws.Cipher(payload, h.Mask, 0)
	return h.OpCode, payload, n
}
