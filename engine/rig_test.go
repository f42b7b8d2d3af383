package engine

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

const testToken = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"

// rig drives a core on a given clock and writes down what goes in and comes out.
type rig struct {
	t      testing.TB
	core   *core
	start  time.Time
	now    time.Time
	log    strings.Builder
	dialed []string // every URL that was asked for
	sent   []string // every payload, and "close CODE"
	hung   int      // how often the connection was to be closed
	last   string   // the time that was last written down
}

// testConfig is a valid configuration without compression.
func testConfig(tb testing.TB, edit ...func(*Config)) *Config {
	config := &Config{
		Token:       NewToken(testToken),
		Compression: NoCompression,
		GatewayURL:  "wss://gateway.discord.gg",
		Shards:      Shards{Total: 1},
		Properties:  gateway.Properties{OS: "linux", Browser: "sluice", Device: "sluice"},
		Logger:      slog.New(slog.DiscardHandler),
	}
	for _, f := range edit {
		f(config)
	}
	if err := config.validate(); err != nil {
		tb.Fatal(err)
	}
	return config
}

func newRig(t testing.TB, edit ...func(*Config)) *rig {
	config := testConfig(t, edit...)
	start := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	r := &rig{t: t, start: start, now: start}
	hs := &handlers{onPanic: config.OnPanic, logger: config.Logger, drain: func(*Event) {}}
	r.core = newCore(0, 1, config, hs, config.GatewayURL)
	r.core.random = func() float64 { return 0.5 }
	r.core.entered = func(to lifecycle.State) { r.note("state", "%v", to) }
	return r
}

// note writes down a line: when, what, details.
func (r *rig) note(what, format string, args ...any) {
	when := r.now.Sub(r.start).String()
	if when == r.last {
		when = ""
	} else {
		r.last = when
	}
	line := fmt.Sprintf("%-10s %-9s %s", when, what, fmt.Sprintf(format, args...))
	r.log.WriteString(strings.TrimRight(line, " ") + "\n")
}

// settle does what a driver does after every call.
func (r *rig) settle() {
	c := r.core
	out := c.out
	c.out = nil
	for len(out) > 0 {
		op, payload, n := decodeClientFrame(r.t, out)
		out = out[n:]
		text := string(payload)
		switch op {
		case frame.OpClose:
			code, _, err := frame.ParseClose(payload)
			if err != nil {
				r.t.Fatalf("the core sent a bad close frame: %v", err)
			}
			text = fmt.Sprintf("close %d", code)
		case frame.OpPong:
			text = fmt.Sprintf("pong %q", payload)
		default:
			if !json.Valid(payload) {
				r.t.Fatalf("the core sent no JSON: %q", payload)
			}
		}
		r.sent = append(r.sent, text)
		r.note("  send", "%s", strings.ReplaceAll(text, testToken, "TOKEN"))
	}
	w := &c.wish
	if w.sent {
		w.sent = false
		r.note("  permit", "counts from now")
	}
	if w.settle {
		w.settle = false
		r.note("  permit", "given back")
	}
	if w.hangup {
		w.hangup = false
		r.hung++
		r.note("  hang up", "")
	}
	if w.dial != "" {
		r.dialed = append(r.dialed, w.dial)
		r.note("  dial", "%s", w.dial)
		w.dial = ""
	}
}

// decodeClientFrame takes one frame off what the core wants to send.
func decodeClientFrame(t testing.TB, b []byte) (op frame.Opcode, payload []byte, n int) {
	src := strings.NewReader(string(b))
	h, err := ws.ReadHeader(src)
	if err != nil || !h.Masked || !h.Fin || h.Rsv != 0 {
		t.Fatalf("no client frame: %+v, %v", h, err)
	}
	n = len(b) - src.Len() + int(h.Length)
	payload = b[len(b)-src.Len() : n]
	ws.Cipher(payload, h.Mask, 0)
	return h.OpCode, payload, n
}

// after moves the clock on without telling the core.
func (r *rig) after(d time.Duration) { r.now = r.now.Add(d) }

// advance lets the core see the time.
func (r *rig) advance() {
	r.core.advance(r.now, true)
	r.settle()
}

// timer goes to the next time at which the core wants to be called.
func (r *rig) timer() {
	next := r.core.next()
	if next.IsZero() && r.core.state != lifecycle.Disconnected { // a new shard dials at once
		r.t.Fatalf("%v: the core waits for nothing\n%s", r.core.state, r.log.String())
	}
	if next.After(r.now) {
		r.now = next
	}
	r.advance()
}

// dial lets the core dial and succeed.
func (r *rig) dial() {
	r.timer()
	if r.core.state != lifecycle.Connecting {
		r.t.Fatalf("state %v, want Connecting\n%s", r.core.state, r.log.String())
	}
	r.connect()
}

func (r *rig) connect() {
	r.note("connected", "")
	r.core.connected(r.now)
	r.settle()
}

// recv gives the core a payload in a text frame.
func (r *rig) recv(payload string) {
	r.note("receive", "%s", payload)
	r.frames(frame.AppendServerFrame(nil, frame.OpText, []byte(payload)))
}

func (r *rig) frames(b []byte) {
	r.core.feed(r.now, b)
	r.settle()
}

// peerClose gives the core a close frame; code 0 has none.
func (r *rig) peerClose(code uint16, reason string) {
	r.note("receive", "close %d %s", code, reason)
	r.frames(serverClose(code, reason))
}

func serverClose(code uint16, reason string) []byte {
	var body []byte
	if code != 0 {
		body = append([]byte{byte(code >> 8), byte(code)}, reason...)
	}
	return frame.AppendServerFrame(nil, frame.OpClose, body)
}

func (r *rig) fail(err error) {
	r.note("error", "%v", err)
	r.core.lost(r.now, err)
	r.settle()
}

// depart has the user close the shard.
func (r *rig) depart(code gateway.CloseCode) {
	r.t.Helper()
	d, err := newDeparture(code, "bye")
	if err != nil {
		r.t.Fatal(err)
	}
	r.core.depart(r.now, d)
	r.settle()
}

func (r *rig) permit() {
	r.note("permit", "granted")
	r.core.identify(r.now)
	r.settle()
}

const (
	testHello = `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`
	testReady = `{"t":"READY","s":1,"op":0,"d":{"v":10,"session_id":"abc","resume_gateway_url":"wss://us-east1-b.discord.gg","guilds":[]}}`
	testAck   = `{"t":null,"s":null,"op":11,"d":null}`
)

var errReset = errors.New("connection reset by peer")

// ready takes a new rig to Ready.
func (r *rig) ready() *rig {
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(testReady)
	if r.core.state != lifecycle.Ready {
		r.t.Fatalf("not ready:\n%s", r.log.String())
	}
	return r
}

func (r *rig) event(seq int64) {
	r.recv(fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{"id":"%d"}}`, seq, seq))
}

// want checks the state.
func (r *rig) want(s lifecycle.State) {
	r.t.Helper()
	if r.core.state != s {
		r.t.Fatalf("state %v, want %v\n%s", r.core.state, s, r.log.String())
	}
}

// lastSent returns what was sent last.
func (r *rig) lastSent() string {
	if len(r.sent) == 0 {
		return ""
	}
	return r.sent[len(r.sent)-1]
}

// lastDial returns the URL that was dialled last.
func (r *rig) lastDial() string {
	if len(r.dialed) == 0 {
		return ""
	}
	return r.dialed[len(r.dialed)-1]
}
