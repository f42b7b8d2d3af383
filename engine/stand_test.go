package engine

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

const (
	testToken = wiretest.Token
	testHello = wiretest.Hello
	testReady = wiretest.Ready
	testAck   = wiretest.Ack
)

var errReset = wiretest.ErrReset

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
	config.core = config.forCore()
	return config
}

// stand is a shard without a loop and a connection: a test gives its core bytes, on a
// clock of the test's.
type stand struct {
	*Shard
	t   testing.TB
	now time.Time
}

func newStand(t testing.TB, budget core.Budget, edit ...func(*Config)) *stand {
	config := testConfig(t, edit...)
	e := &Engine{config: *config}
	e.handlers.onPanic, e.handlers.logger, e.handlers.drain = config.OnPanic, config.Logger, func(*Event) {}
	s := &Shard{engine: e, config: config, total: 1, figures: new(recorder)}
	s.event.Shard = s
	now := time.Now()
	s.clock.start = now
	s.core = core.New(now, 0, config.core, (*host)(s), budget, func() float64 { return 0.5 })
	return &stand{Shard: s, t: t, now: now}
}

// on has a callback take events of a set.
func (s *stand) on(events gateway.EventSet, call func(*Event)) {
	s.engine.handlers.add(&handler{events: events, call: call})
}

// settle takes what the core wants, as if it had been done.
func (s *stand) settle() { s.core.Out, s.core.Wish = nil, core.Wish{Permit: s.core.Wish.Permit} }

// dial lets the time come at which the core dials, and succeeds.
func (s *stand) dial() {
	if next := s.core.Next(); next.After(s.now) {
		s.now = next
	}
	s.core.Advance(s.now, true)
	s.want(lifecycle.Connecting)
	s.core.Connected(s.now)
	s.settle()
}

func (s *stand) permit() {
	s.core.Identify(s.now)
	s.settle()
}

// ready takes a new stand to Ready.
func (s *stand) ready() *stand {
	s.identify()
	s.recv(testReady)
	s.want(lifecycle.Ready)
	return s
}

// identify takes a stand that is Disconnected to Identifying.
func (s *stand) identify() {
	s.dial()
	s.recv(testHello)
	s.permit()
	s.want(lifecycle.Identifying)
}

func (s *stand) frames(b []byte) {
	s.core.Feed(s.now, b)
	s.settle()
}

// recv gives the core a payload in a text frame.
func (s *stand) recv(payload string) {
	s.frames(frame.AppendServerFrame(nil, frame.OpText, []byte(payload)))
}

func (s *stand) want(state lifecycle.State) {
	s.t.Helper()
	if got := s.core.State(); got != state {
		s.t.Fatalf("state %v, want %v", got, state)
	}
}

// event gives the core a small event.
func (s *stand) event(seq int) {
	s.recv(fmt.Sprintf(`{"t":"MESSAGE_CREATE","s":%d,"op":0,"d":{"id":"%d"}}`, seq, seq))
}
