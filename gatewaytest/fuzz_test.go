package gatewaytest

import (
	"bytes"
	"encoding/json"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/gobwas/ws"
)

// tape is a connection whose peer has said everything already; what is written is kept.
type tape struct {
	net.Conn // nil: nothing else is called
	in       *bytes.Reader

	mu  sync.Mutex
	out bytes.Buffer
}

func (t *tape) Read(p []byte) (int, error) { return t.in.Read(p) }

func (t *tape) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.out.Write(p)
}

func (t *tape) Close() error                    { return nil }
func (t *tape) SetDeadline(time.Time) error     { return nil }
func (t *tape) SetReadDeadline(time.Time) error { return nil }

// FuzzReceive has a client say anything. The server must answer with whole unmasked frames that
// carry JSON, and with nothing behind a close frame.
func FuzzReceive(f *testing.F) {
	srv, err := Start(WithTLS(false), WithToken("t"), WithIdentifyInterval(0), WithSessionStartLimit(1<<30, 1<<30))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(srv.Close)
	frame := func(first byte, s string) []byte {
		b := []byte{first, 0x80 | 126, byte(len(s) >> 8), byte(len(s)), 0, 0, 0, 0}
		return append(b, s...)
	}
	identify := frame(0x81, `{"op":2,"d":{"token":"t","intents":1,"properties":{}}}`)
	f.Add(frame(0x81, `{"op":1,"d":null}`))
	f.Add(append(identify, frame(0x81, `{"op":8,"d":{"guild_id":"1","query":"m","limit":1,"nonce":"n"}}`)...))
	f.Add(append(identify, frame(0x81, `{"op":4,"d":{"guild_id":"1","channel_id":null}}`)...))
	f.Add(frame(0x81, `{"op":6,"d":{"token":"t","session_id":"s","seq":1}}`))
	f.Add(append(frame(0x01, `{"op":1,`), frame(0x80, `"d":1}`)...))
	f.Add(append(frame(0x89, "ping"), frame(0x88, "\x03\xe8bye")...))
	f.Fuzz(func(t *testing.T, in []byte) {
		nc := &tape{in: bytes.NewReader(in)}
		c := newConn(srv, nc, nc, CompressionNone)
		if !srv.register(c) {
			t.Fatal("the server is closed")
		}
		c.receive()
		// The session lives on, unless the client ended it; what there is to write is written
		// as the sender would, had the client not gone.
		snd := sender{scratch: new(scratch)}
		b, _ := c.step(&snd, time.Now())
		nc.Write(b.frames)
		nc.Write(c.closing.Frame())
		srv.wg.Done() // the sender, which never ran
		c.kill()
		for _, session := range srv.all(false) {
			srv.forget(session)
		}
		clear(srv.shards)

		closed := false
		for out := bytes.NewReader(nc.out.Bytes()); out.Len() > 0; {
			h, body, err := readFrame(out)
			if err != nil || h.Masked || !h.Fin || closed {
				t.Fatalf("frame %+v after closing %t: %v", h, closed, err)
			}
			switch h.OpCode {
			case ws.OpText:
				if !json.Valid(body) {
					t.Fatalf("payload %q", body)
				}
			case ws.OpPong:
			case ws.OpClose:
				closed = true
				code, reason := ws.ParseCloseFrameData(body)
				if len(body) > 0 && ws.CheckCloseFrameData(code, reason) != nil {
					t.Fatalf("close frame %q", body)
				}
			default:
				t.Fatalf("frame opcode %v", h.OpCode)
			}
		}
	})
}
