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
}

// Host is what a core is surrounded by. It is called on the driver's goroutine, and
// must not call the core.
type Host interface {
	// Wants reports whether a callback asks for events of a type.
	Wants(t gateway.EventType) bool

	// Deliver has callbacks that ask for its type take what a payload brought. data
	// lies in payload, and both are lent until Deliver returns.
	Deliver(now time.Time, t gateway.EventType, seq int64, data, payload []byte, replayed bool)

	// Tell has them take what no payload brings. detail points to a struct of package
	// lifecycle, which is theirs.
	Tell(now time.Time, t gateway.EventType, detail any)

	// Entered is called with every state that is entered, before callbacks hear of it.
	Entered(state lifecycle.State)

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
// Heart, whose methods any goroutine may call.
//
// After every call, its driver sends Out (and empties it), and grants Wish.
type Core struct {
	// What every event needs comes first and together, in few cache lines (Prefetch).

	state    lifecycle.State
	deaf     bool // framing is lost: nothing more can be read
	warned   bool // of repeated sequences, once a connection
	config   *Config
	host     Host
	deadline time.Time // of the state; zero: none
	held     time.Time // since when nothing is read of the connection; zero: it is read

	Out    []byte
	Wish   Wish
	rest   *pool.Buffer        // an unfinished frame, only while unfinished
	inflow inflow.Decompressor // this connection's decompressor
	frames frame.Assembler

	session sessionState
	counter Counters

	// What comes into play with the state, with commands and with heartbeats.

	heart heart
	life  Life

	id       int
	random   func() float64 // in [0, 1)
	budget   Budget         // nil: identifies without end
	redial   redial
	spending spending  // of identifies
	reached  time.Time // when this connection became Ready; zero: not yet
	proved   bool      // an ACK came since then
	stop     error     // why the shard is Stopped, nil if it was asked to
	left     bool      // the user closed it, and not the engine
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
	c.life.Since, c.life.NotReady = now, now
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
			&lifecycle.StateChange{From: from, To: to, Cause: cause, Attempts: c.redial.attempts, Code: c.redial.lastCode})
	}
}

// Advance lets time pass: it dials, beats and gives up when it is time to. It
// returns when it wants to be called again. drained is as in reactor.Task.
func (c *Core) Advance(now time.Time, drained bool) (next time.Time) {
	switch c.state {
	case lifecycle.Stopped:
		return time.Time{}
	case lifecycle.Disconnected:
		if !now.Before(c.redial.at) {
			c.connect(now)
		}
	case lifecycle.Queued, lifecycle.Identifying, lifecycle.Resuming, lifecycle.Ready:
		c.beat(now, drained)
	}
	if !c.deadline.IsZero() && !now.Before(c.deadline) && !c.Held() {
		c.expire(now)
	}
	return c.Next()
}

// Hold says that nothing more is read of the connection, or that it is read again.
// What the gateway owes cannot come meanwhile, so the state's time stands still.
func (c *Core) Hold(now time.Time, held bool) {
	if held {
		c.held = now
		return
	}
	if !c.deadline.IsZero() {
		c.deadline = c.deadline.Add(now.Sub(c.held))
	}
	c.held = time.Time{}
}

// Held reports whether that is so.
func (c *Core) Held() bool { return !c.held.IsZero() }

// Next returns the time of the next thing to do.
func (c *Core) Next() time.Time {
	deadline := c.deadline
	if c.Held() {
		deadline = time.Time{}
	}
	switch c.state {
	case lifecycle.Disconnected:
		return c.redial.at
	case lifecycle.Queued, lifecycle.Identifying, lifecycle.Resuming, lifecycle.Ready:
		if due := c.heart.due(); deadline.IsZero() || due.Before(deadline) {
			return due
		}
	}
	return deadline
}

// WillAsk reports whether this connection, once it is up, is to ask for a permit to
// identify, or has asked. One that follows a failure may well fail too, and nobody is
// to wait for it.
func (c *Core) WillAsk() bool {
	switch c.state {
	case lifecycle.Connecting, lifecycle.AwaitingHello, lifecycle.Queued:
		return !c.session.resumable() && c.redial.failures == 0
	}
	return false
}

// expire ends a state whose deadline has passed.
func (c *Core) expire(now time.Time) {
	switch c.state {
	case lifecycle.AwaitingHello:
		c.giveUp(now, errHelloTimeout)
	case lifecycle.Identifying:
		c.giveUp(now, errReadyTimeout)
	case lifecycle.Resuming:
		c.giveUp(now, errResumedTimeout)
	case lifecycle.Ready:
		c.guildsReady(now)
	case lifecycle.Closing:
		c.HangUp(now)
	}
}

// entering brings life up to date when a state is entered.
func (c *Core) entering(now time.Time, from, to lifecycle.State) {
	l := &c.life
	l.Changes++
	l.Since = now
	l.Attempts, l.Failures = c.redial.attempts, c.redial.failures
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

// reconnecting counts the end of a connection or attempt that is followed by
// another.
func (c *Core) reconnecting(cause error) {
	c.life.Causes[c.kind(cause)]++
}
