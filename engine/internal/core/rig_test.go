package core

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

const (
	testToken = wiretest.Token
	testHello = wiretest.Hello
	testReady = wiretest.Ready
	testAck   = wiretest.Ack
)

var errReset = wiretest.ErrReset

// rig drives a core on a given clock and writes down what goes in and comes out.
type rig struct {
	t         testing.TB
	core      *Core
	start     time.Time
	now       time.Time
	log       strings.Builder
	dialed    []string // every URL that was asked for
	handed    []string // payloads that the host was told of and that are not yet in sent
	sent      []string // every payload, and "close CODE"
	compress  bool     // by payload
	listeners []listener
	enter     func(lifecycle.State) // is told of every state
	ends      []end                 // of connections
	acked     []time.Duration       // heartbeats
	hung      int                   // how often the connection was to be closed
	last      string                // the time that was last written down
	brought   delivery              // that is being delivered
}

// listener is a callback with what it asked for.
type listener struct {
	events gateway.EventSet
	call   func(*delivery)
}

// delivery is an event as a host gets it.
type delivery struct {
	Type     gateway.EventType
	Seq      int64
	Data     []byte
	Payload  []byte
	Wire     int
	Replayed bool
	detail   any
}

// Name returns the event's name.
func (ev *delivery) Name() string {
	if ev.Type == gateway.EventUnknown && len(ev.Payload) > 0 {
		if env, err := lazyjson.Peek(ev.Payload); err == nil && env.TypeStart != env.TypeEnd {
			return string(env.AppendType(nil, ev.Payload))
		}
	}
	return ev.Type.String()
}

func (ev *delivery) Closed() (lifecycle.Closed, bool) { return detailOf[lifecycle.Closed](ev) }
func (ev *delivery) StateChange() (lifecycle.StateChange, bool) {
	return detailOf[lifecycle.StateChange](ev)
}
func (ev *delivery) SessionLost() (lifecycle.SessionLost, bool) {
	return detailOf[lifecycle.SessionLost](ev)
}
func (ev *delivery) SessionResumed() (lifecycle.SessionResumed, bool) {
	return detailOf[lifecycle.SessionResumed](ev)
}
func (ev *delivery) GuildsReady() (lifecycle.GuildsReady, bool) {
	return detailOf[lifecycle.GuildsReady](ev)
}

func detailOf[T any](ev *delivery) (T, bool) {
	if d, ok := ev.detail.(*T); ok {
		return *d, true
	}
	var none T
	return none, false
}

// on has a function called with events of a set.
func (r *rig) on(events gateway.EventSet, call func(*delivery)) {
	r.listeners = append(r.listeners, listener{events, call})
}

// Wants implements Host.
func (r *rig) Wants(t gateway.EventType) bool {
	return slices.ContainsFunc(r.listeners, func(l listener) bool { return l.events.Has(t) })
}

// Deliver implements Host.
func (r *rig) Deliver(_ time.Time, t gateway.EventType, seq int64, data, payload []byte, wire int, replayed bool) {
	r.brought = delivery{Type: t, Seq: seq, Data: data, Payload: payload, Wire: wire, Replayed: replayed}
	r.tell(&r.brought)
}

// Tell implements Host.
func (r *rig) Tell(_ time.Time, t gateway.EventType, detail any) {
	r.tell(&delivery{Type: t, detail: detail})
}

func (r *rig) tell(ev *delivery) {
	for _, l := range r.listeners {
		if l.events.Has(ev.Type) {
			l.call(ev)
		}
	}
}

// Sends implements Host.
func (r *rig) Sends(_ time.Time, payload []byte) { r.handed = append(r.handed, string(payload)) }

// end is how a connection ended.
type end struct {
	code gateway.CloseCode
	by   lifecycle.Closer
}

// Ended implements Host.
func (r *rig) Ended(code gateway.CloseCode, by lifecycle.Closer) {
	r.ends = append(r.ends, end{code, by})
}

// Acked implements Host.
func (r *rig) Acked(took time.Duration) { r.acked = append(r.acked, took) }

// Entered implements Host.
func (r *rig) Entered(to lifecycle.State) { r.enter(to) }

// AppendIdentify implements Host.
func (r *rig) AppendIdentify(dst []byte) ([]byte, error) {
	return gateway.AppendIdentify(dst, testToken, &gateway.Identify{
		Properties: gateway.Properties{OS: "linux", Browser: "sluice", Device: "sluice"},
		Compress:   r.compress, ShardCount: 1,
	})
}

// compression is how a rig's gateway compresses.
type compression uint8

const (
	zlibStream compression = iota
	zstdStream
	payloadCompression
	noCompression
)

func (c compression) String() string {
	return [...]string{"zlib-stream", "zstd-stream", "payload", "none"}[c]
}

// query is how the URL asks for it.
func (c compression) query() string {
	if c <= zstdStream {
		return c.String()
	}
	return ""
}

// settings are what tests change of a core's configuration.
type settings struct {
	Config
	Compression compression
}

func newRig(t testing.TB, edit ...func(*settings)) *rig {
	s := settings{Compression: noCompression, Config: Config{
		Token: secret.New(testToken), URL: "wss://gateway.discord.gg",
		Inflow:        inflow.Config{Limit: 64 << 20, MaxWindow: inflow.DefaultMaxWindow},
		GuildsTimeout: 15 * time.Second,
		OnClose:       gateway.CloseCode.Decision,
		Logger:        slog.New(slog.DiscardHandler),
	}}
	for _, f := range edit {
		f(&s)
	}
	s.Compress = s.Compression.query()
	switch s.Compression {
	case zlibStream:
		s.Inflow.Stream = inflow.Zlib
	case zstdStream:
		s.Inflow.Stream = inflow.Zstd
	}
	start := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	r := &rig{t: t, start: start, now: start, compress: s.Compression == payloadCompression}
	r.enter = func(to lifecycle.State) { r.note("state", "%v", to) }
	r.core = New(start, 0, &s.Config, r, nil, func() float64 { return 0.5 })
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
	out := c.Out
	c.Out = nil
	for len(out) > 0 {
		op, payload, n := wiretest.ClientFrame(r.t, out)
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
			if len(r.handed) == 0 || r.handed[0] != text {
				r.t.Fatalf("the core sent %q, and told its host of %q", payload, r.handed)
			}
			r.handed = r.handed[1:]
		}
		r.sent = append(r.sent, text)
		r.note("  send", "%s", strings.ReplaceAll(text, testToken, "TOKEN"))
	}
	w := &c.Wish
	if w.Sent {
		w.Sent = false
		r.note("  permit", "counts from now")
	}
	if w.Settle {
		w.Settle = false
		r.note("  permit", "given back")
	}
	if w.Hangup {
		w.Hangup = false
		r.hung++
		r.note("  hang up", "")
	}
	if w.Dial != "" {
		r.dialed = append(r.dialed, w.Dial)
		r.note("  dial", "%s", w.Dial)
		w.Dial = ""
	}
}

// after moves the clock on without telling the core.
func (r *rig) after(d time.Duration) { r.now = r.now.Add(d) }

// advance lets the core see the time.
func (r *rig) advance() {
	r.core.Advance(r.now, true)
	r.settle()
}

// timer goes to the next time at which the core wants to be called.
func (r *rig) timer() {
	next := r.core.Next()
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
	r.core.Connected(r.now)
	r.settle()
}

// recv gives the core a payload in a text frame.
func (r *rig) recv(payload string) {
	r.note("receive", "%s", payload)
	r.frames(frame.AppendServerFrame(nil, frame.OpText, []byte(payload)))
}

func (r *rig) frames(b []byte) {
	r.core.Feed(r.now, b)
	r.settle()
}

// peerClose gives the core a close frame; code 0 has none.
func (r *rig) peerClose(code uint16, reason string) {
	r.note("receive", "close %d %s", code, reason)
	r.frames(wiretest.Close(code, reason))
}

func (r *rig) fail(err error) {
	r.note("error", "%v", err)
	r.core.Lost(r.now, err)
	r.settle()
}

// depart has the user close the shard.
func (r *rig) depart(code gateway.CloseCode) {
	r.t.Helper()
	d, err := NewDeparture(code, "bye")
	if err != nil {
		r.t.Fatal(err)
	}
	r.core.Depart(r.now, d)
	r.settle()
}

func (r *rig) permit() {
	r.note("permit", "granted")
	r.core.Identify(r.now)
	r.settle()
}

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
