package bridge

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// tape is a connection whose peer has said everything already.
type tape struct {
	net.Conn // nil: nothing else is called
	in       *bytes.Reader
}

func (t *tape) Read(p []byte) (int, error)      { return t.in.Read(p) }
func (t *tape) Close() error                    { return nil }
func (t *tape) SetDeadline(time.Time) error     { return nil }
func (t *tape) SetReadDeadline(time.Time) error { return nil }
func (t *tape) RemoteAddr() net.Addr            { return &net.TCPAddr{} }

// fuzzToken is a bot's.
const fuzzToken = "0123456789abcdef"

// FuzzReceive has a bot say anything. It must be answered with whole unmasked frames that carry JSON, and the
// connection to Discord must live on.
func FuzzReceive(f *testing.F) {
	srv, err := gatewaytest.Start(gatewaytest.WithTLS(false), gatewaytest.WithGuilds(1, 5000), gatewaytest.WithIdentifyInterval(0))
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(srv.Close)
	quiet := slog.New(slog.DiscardHandler)
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), Intents: gateway.IntentsAll,
		IdentifyQueue: identify.Unlimited{}, SendLimit: -1, Logger: quiet,
	})
	if err != nil {
		f.Fatal(err)
	}
	b, err := New(Config{Engine: eng, Bots: []Bot{{"bot", fuzzToken}}, Logger: quiet, StartsPerDay: 1 << 30, StartsPerMinute: 1 << 30})
	if err != nil {
		f.Fatal(err)
	}
	complete := make(chan struct{}, 1)
	eng.On(gateway.Events(gateway.EventGuildsReady), func(*engine.Event) { complete <- struct{}{} })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- eng.Run(ctx) }()
	f.Cleanup(func() {
		cancel()
		<-ended
		b.Close()
	})
	<-complete

	frame := func(first byte, s string) []byte {
		b := []byte{first, 0x80 | 126, byte(len(s) >> 8), byte(len(s)), 0, 0, 0, 0}
		return append(b, s...)
	}
	begin := frame(0x81, `{"op":2,"d":{"token":"`+fuzzToken+`","intents":3,"properties":{},"presence":{"status":"idle"}}}`)
	f.Add(frame(0x81, `{"op":1,"d":null}`))
	for _, s := range []string{
		`{"op":8,"d":{"guild_id":"1","query":"m","limit":1,"nonce":"n"}}`, `{"op":8,"d":{"guild_id":["1"],"user_ids":[1,"2"]}}`,
		`{"op":4,"d":{"guild_id":"1","channel_id":null}}`, `{"op":3,"d":{"status":"dnd","activities":[{"name":"x","type":4,"state":"y"}]}}`,
		`{"op":31,"d":{"guild_ids":["1"]}}`, `{"op":43,"d":{"guild_id":"1","fields":["status"]}}`,
		`{"op":6,"d":{"token":"` + fuzzToken + `","session_id":"s","seq":1}}`,
	} {
		f.Add(append(bytes.Clone(begin), frame(0x81, s)...))
	}
	f.Add(append(frame(0x01, `{"op":1,`), frame(0x80, `"d":1}`)...))
	f.Add(append(frame(0x89, "ping"), frame(0x88, "\x03\xe8bye")...))
	f.Fuzz(func(t *testing.T, in []byte) {
		c := newConn(b, &tape{in: bytes.NewReader(in)}, bytes.NewReader(in), gatewire.None)
		c.events = gateway.AllDispatches()
		if !b.register(c) {
			t.Fatal("the bridge is closed")
		}
		c.receive() // which ends with kill, and leaves what is to be written
		snd := sender{scratch: new(scratch)}
		c.step(&snd)
		out := snd.out
		out = append(out, c.closing.Frame()...)
		b.workers.Done() // the sender, which never ran
		c.kill()
		b.mu.Lock()
		var sessions []*session
		for _, s := range b.sessions {
			sessions = append(sessions, s)
		}
		b.mu.Unlock()
		for _, s := range sessions {
			s.end()
		}
		checkFrames(t, out)
		if r := srv.Report(); r.Identifies != 1 || r.Resumes != 0 {
			t.Fatalf("the connection to the gateway did not outlive what the bot said: %d identifies, %d resumes", r.Identifies, r.Resumes)
		}
	})
}

// checkFrames wants whole unmasked frames of JSON, and nothing behind a close frame.
func checkFrames(t *testing.T, frames []byte) {
	closed := false
	for r := bytes.NewReader(frames); r.Len() > 0; {
		h, err := ws.ReadHeader(r)
		if err != nil || h.Masked || !h.Fin || closed {
			t.Fatalf("frame %+v after closing %t: %v", h, closed, err)
		}
		body := make([]byte, h.Length)
		if _, err := io.ReadFull(r, body); err != nil {
			t.Fatal(err)
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
}
