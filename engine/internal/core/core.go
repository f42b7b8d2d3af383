// Package core has one shard's decisions: when to dial, beat, identify, resume, give up
// and stop, which events are delivered, and what is lost. It does no I/O, never asks for
// the time, starts no goroutine, and knows nothing of users' configuration or callbacks.
// Times and bytes go in; bytes to send, events and wishes come out.
package core

import (
	"log/slog"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// How long a state may last. Disconnected lasts as long as the backoff, Queued
// as long as the identify queue wants; Ready is guarded by heartbeats. Connecting
// is ended by who dials.
const (
	helloTimeout = 20 * time.Second
	readyTimeout = 60 * time.Second

	// CloseTimeout is how long the gateway may take to answer a close frame.
	CloseTimeout = 2 * time.Second
)

// Config is what the cores of many shards have in common.
type Config struct {
	Token           secret.Secret
	URL             string   // the first of each shard, checked
	Compress        string   // the URL's parameter, "" for none
	IgnoreResumeURL bool     // resumes go to URL, too
	AllowedHosts    []string // to which a resume URL may lead, beside discord.gg and URL's
	Inflow          inflow.Config
	GuildsTimeout   time.Duration
	Retries         int // failures in a row that are allowed; 0: without end
	OnClose         func(gateway.CloseCode) gateway.Decision
	Logger          *slog.Logger
	Epoch           time.Time // from which all shards of the process count their heartbeats; zero: none does
}

// Host is what a core is surrounded by. It is called on the driver's goroutine, and
// must not call the core.
type Host interface {
	// Wants reports whether a callback asks for events of a type.
	Wants(t gateway.EventType) bool

	// Deliver has callbacks that ask for its type take what a payload brought. data
	// lies in payload, and both are lent until Deliver returns.
	// wire is the length of the frames that brought them.
	Deliver(now time.Time, t gateway.EventType, seq int64, data, payload []byte, wire int, replayed bool)

	// Tell has them take what no payload brings. detail points to a struct of package
	// lifecycle, which is theirs.
	Tell(now time.Time, t gateway.EventType, detail any)

	// Sends is called with each payload that goes into Out, which is lent until it returns.
	Sends(now time.Time, payload []byte)

	// Entered is called with every state that is entered, before callbacks hear of it.
	Entered(state lifecycle.State)

	// Ended is called with every end of a connection, before callbacks hear of it.
	Ended(code gateway.CloseCode, by lifecycle.Closer)

	// Acked is called with how long a heartbeat took to be acknowledged.
	Acked(took time.Duration)

	// AppendIdentify appends the shard's identify to dst.
	AppendIdentify(dst []byte) ([]byte, error)
}

// Budget is what is left of the bot's identifies. Any goroutine may call it.
type Budget interface {
	// Refuses says why no identify may be sent, nil if one may.
	Refuses(now time.Time) *identify.BudgetError

	// Total is how many there are in a day, 0 if that is not known.
	Total() int
}

// Core is a shard without its I/O. It is touched by the shard's loop alone, but for
// Latency and BeatFor, which any goroutine may call.
//
// After every call, its driver sends Out (and says so: Written), and grants Wish.
type Core struct {
	// What every event needs comes first and together, in few cache lines (Prefetch).

	state    lifecycle.State
	deaf     bool // framing is lost: nothing more can be read
	warned   bool // of repeated sequences, once a connection
	proved   bool // an ACK came since this connection became Ready
	left     bool // the user closed the shard, and not the engine
	config   *Config
	host     Host
	deadline time.Time // of the state; zero: none
	held     time.Time // since when nothing is read of the connection; zero: it is read

	Out    []byte
	room   *room // of Out; nil: it is nobody's
	Wish   Wish
	rest   *pool.Buffer        // an unfinished frame, only while unfinished
	inflow inflow.Decompressor // this connection's decompressor
	quiet  quiet
	frames frame.Assembler
	wire   int // length of the frames since the last payload

	session sessionState
	counter Counters

	// What comes into play with the state, with commands and with heartbeats.

	heart heart
	life  *Life

	id       int
	random   func() float64 // in [0, 1)
	budget   Budget         // nil: identifies without end
	redial   redial
	spending spending  // of identifies
	reached  time.Time // when this connection became Ready; zero: not yet
	stop     error     // why the shard is Stopped, nil if it was asked to
}

// Wish is what a core wants of its driver.
type Wish struct {
	Dial   string // a URL to dial, once
	Permit bool   // a permit to identify is wanted as long as this is set
	Sent   bool   // the identify is in Out: the permit's time counts from now
	Settle bool   // READY came, or the attempt failed: the permit is given back
	Hangup bool   // close the connection, after Out was sent
}

// New returns the core of a shard, which is Disconnected and dials when it is first
// advanced. A nil budget has no limit; random returns numbers in [0, 1).
func New(now time.Time, id int, config *Config, host Host, budget Budget, random func() float64) *Core {
	c := &Core{id: id, config: config, host: host, budget: budget, random: random}
	c.heart.epoch = &config.Epoch
	c.life = &Life{Since: now, NotReady: now}
	c.frames.MaxMessage = config.Inflow.Limit
	c.frames.Buffers = pool.Slices
	return c
}

// setState enters a state that may last for limit; 0 is for ever.
func (c *Core) setState(now time.Time, to lifecycle.State, limit time.Duration, cause error) {
	from := c.state
	c.state = to
	c.deadline = time.Time{}
	if limit > 0 {
		c.deadline = now.Add(limit)
	}
	if !to.Connected() {
		c.held = time.Time{}
	}
	if from == lifecycle.Queued {
		c.Wish.Permit = false
	}
	if (from == lifecycle.Queued || from == lifecycle.Identifying) && to != lifecycle.Identifying {
		c.Wish.Settle = true
	}
	c.entering(now, from, to)
	c.host.Entered(to)
	c.config.Logger.Debug("state changed", "shard", c.id, "from", from, "to", to, "cause", cause)
	if c.host.Wants(gateway.EventStateChanged) {
		c.host.Tell(now, gateway.EventStateChanged,
			&lifecycle.StateChange{From: from, To: to, Cause: cause, Attempts: int(c.redial.attempts), Code: c.redial.lastCode})
	}
}

// entering brings life up to date when a state is entered.
func (c *Core) entering(now time.Time, from, to lifecycle.State) {
	l := c.change()
	l.Since = now
	l.Attempts, l.Failures = int(c.redial.attempts), int(c.redial.failures)
	_, leaves := c.redial.cause.(*Departure)
	l.Leaving = to == lifecycle.Closing && leaves
	switch {
	case to == lifecycle.Ready:
		l.NotReady, l.Attempts = time.Time{}, 0
		l.Opened = lifecycle.HandshakeIdentify
		if from == lifecycle.Resuming {
			l.Opened = lifecycle.HandshakeResume
		}
	case l.NotReady.IsZero():
		l.NotReady = now
	}
	l.Next, l.Waits = time.Time{}, nil
	switch to {
	case lifecycle.AwaitingHello:
		l.Base = c.counter.Flow
	case lifecycle.Disconnected:
		l.Opened = lifecycle.HandshakeNone
		l.Next, l.Waits = c.redial.at, c.redial.waits
	case lifecycle.Stopped:
		l.Opened = lifecycle.HandshakeNone
	}
}

// Counters returns what was counted. They are the driver's to read between two calls.
func (c *Core) Counters() *Counters { return &c.counter }

// Life returns what came of the last change of state. Any goroutine may keep and read it.
func (c *Core) Life() *Life { return c.life }

// change replaces life by a copy, which the caller may change before anybody else sees it.
func (c *Core) change() *Life {
	life := *c.life
	c.life = &life
	return &life
}

// State returns where the shard stands.
func (c *Core) State() lifecycle.State { return c.state }

// Stop returns why the shard is Stopped, nil if it was asked to or is not.
func (c *Core) Stop() error { return c.stop }

// Left reports whether the shard is Stopped because the user closed it alone.
func (c *Core) Left() bool { return c.left }

// Session returns the shard's session, the zero value where there is none. It does not
// yet count an event that is being delivered.
func (c *Core) Session() session.Session { return c.session.Session }

// SessionID returns the id of the shard's session, "" where there is none.
func (c *Core) SessionID() string { return c.session.ID }

// Delivered has an event count as delivered although its callbacks have not returned,
// and never will.
func (c *Core) Delivered(seq int64) { c.session.Seq = max(c.session.Seq, seq) }

// Latency returns what was measured on the last connection that got a hello. Any
// goroutine may ask.
func (c *Core) Latency() lifecycle.Latency { return c.heart.latency() }

// Interval returns the heartbeat interval of this connection, 0 before hello.
func (c *Core) Interval() time.Duration { return c.heart.interval }

// BeatFor reports whether a heartbeat is due, and if so counts it as sent: somebody
// beats while a callback holds up the loop. Any goroutine may ask.
func (c *Core) BeatFor(now time.Time) bool { return c.heart.beat(now) }

// Held reports whether nothing is read of the connection (Hold).
func (c *Core) Held() bool { return !c.held.IsZero() }

// send puts a payload of the engine's own into out. The user's go through
// Shard.Send.
func (c *Core) send(now time.Time, payload []byte) {
	c.host.Sends(now, payload)
	c.Out = frame.AppendFrame(c.Out, frame.OpText, frame.NewMask(), payload)
}
