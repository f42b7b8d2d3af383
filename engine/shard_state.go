package engine

import (
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// How long a state may last. Disconnected lasts as long as the backoff, Queued
// as long as the identify queue wants; Ready is guarded by heartbeats. Connecting
// is ended by the dialer, which keeps to connectTimeout from the time at which
// it has a free slot.
const (
	connectTimeout = 10 * time.Second
	helloTimeout   = 20 * time.Second
	readyTimeout   = 60 * time.Second
	closeTimeout   = 2 * time.Second
)

// core is a shard without its I/O: bytes and times go in; bytes to send, events
// and wishes come out. It is touched by the shard's loop alone.
//
// After every call, its driver sends out (and empties it), and grants wish.
type core struct {
	// What every event needs comes first and together, in few cache lines (Prefetch).

	state    lifecycle.State
	deaf     bool // framing is lost: nothing more can be read
	warned   bool // of repeated sequences, once a connection
	config   *Config
	handlers *handlers
	deadline time.Time // of the state; zero: none
	held     time.Time // since when nothing is read of the connection; zero: it is read

	out    []byte
	wish   wish
	rest   *pool.Buffer        // an unfinished frame, only while unfinished
	inflow inflow.Decompressor // this connection's decompressor
	frames frame.Assembler

	session sessionState
	clock   callClock
	event   Event
	counter counters

	// What comes into play with the state, with commands and with heartbeats.

	heart heart
	life  life

	id, total int
	random    func() float64 // in [0, 1)
	firstURL  string         // without the query
	budget    *budget        // of identifies; nil: unknown
	redial    redial
	spending  spending              // of identifies
	reached   time.Time             // when this connection became Ready; zero: not yet
	proved    bool                  // an ACK came since then
	entered   func(lifecycle.State) // is told of every state, before callbacks are
	stop      error                 // why the shard is Stopped, nil if it was asked to
	left      bool                  // the user closed it, and not the engine

	presence atomic.Pointer[[]byte] // the last one that UpdatePresence sent
}

// wish is what the core wants of its driver.
type wish struct {
	dial   string // a URL to dial, once
	permit bool   // a permit to identify is wanted as long as this is set
	sent   bool   // the identify is in out: the permit's time counts from now
	settle bool   // READY came, or the attempt failed: the permit is given back
	hangup bool   // close the connection, after out was sent
}

func newCore(id, total int, config *Config, hs *handlers, firstURL string) *core {
	c := &core{
		id: id, total: total, config: config, handlers: hs,
		entered:  func(lifecycle.State) {},
		clock:    callClock{start: time.Now()},
		firstURL: firstURL,
	}
	c.life.since, c.life.notReady = c.clock.start, c.clock.start
	c.frames.MaxMessage = config.MaxPayload
	c.frames.Buffers = pool.Slices
	return c
}

// setState enters a state that may last for limit; 0 is for ever.
func (c *core) setState(now time.Time, to lifecycle.State, limit time.Duration, cause error) {
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
		c.wish.permit = false
	}
	if (from == lifecycle.Queued || from == lifecycle.Identifying) && to != lifecycle.Identifying {
		c.wish.settle = true
	}
	c.entering(now, from, to)
	c.entered(to)
	c.config.Logger.Debug("state changed", "shard", c.id, "from", from, "to", to, "cause", cause)
	if list := c.handlers.wanting(gateway.EventStateChanged); list != nil {
		c.deliverDetail(now, list, gateway.EventStateChanged,
			&lifecycle.StateChange{From: from, To: to, Cause: cause, Attempts: c.redial.attempts, Code: c.redial.lastCode})
	}
}

// deliverDetail delivers a synthetic event.
func (c *core) deliverDetail(now time.Time, list *handlerList, t gateway.EventType, detail any) {
	ev := &Event{Shard: c.event.Shard, Type: t, Received: now, detail: detail}
	c.handlers.deliver(list, ev)
}

// advance lets time pass: it dials, beats and gives up when it is time to. It
// returns when it wants to be called again. drained is as in reactor.Task.
func (c *core) advance(now time.Time, drained bool) (next time.Time) {
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
	if !c.deadline.IsZero() && !now.Before(c.deadline) && !c.isHeld() {
		c.expire(now)
	}
	return c.next()
}

// hold says that nothing more is read of the connection, or that it is read again.
// What the gateway owes cannot come meanwhile, so the state's time stands still.
func (c *core) hold(now time.Time, held bool) {
	if held {
		c.held = now
		return
	}
	if !c.deadline.IsZero() {
		c.deadline = c.deadline.Add(now.Sub(c.held))
	}
	c.held = time.Time{}
}

func (c *core) isHeld() bool { return !c.held.IsZero() }

// next returns the time of the next thing to do.
func (c *core) next() time.Time {
	deadline := c.deadline
	if c.isHeld() {
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

// willAsk reports whether this connection, once it is up, is to ask for a permit to
// identify, or has asked. One that follows a failure may well fail too, and nobody is
// to wait for it.
func (c *core) willAsk() bool {
	switch c.state {
	case lifecycle.Connecting, lifecycle.AwaitingHello, lifecycle.Queued:
		return !c.session.resumable() && c.redial.failures == 0
	}
	return false
}

// expire ends a state whose deadline has passed.
func (c *core) expire(now time.Time) {
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
		c.hangUp(now)
	}
}

// entering brings life up to date when a state is entered.
func (c *core) entering(now time.Time, from, to lifecycle.State) {
	l := &c.life
	l.changes++
	l.since = now
	l.attempts, l.failures = c.redial.attempts, c.redial.failures
	_, leaves := c.redial.cause.(*departure)
	l.leaving = to == lifecycle.Closing && leaves
	switch {
	case to == lifecycle.Ready:
		l.notReady, l.attempts = time.Time{}, 0
		l.opened = lifecycle.HandshakeIdentify
		if from == lifecycle.Resuming {
			l.opened = lifecycle.HandshakeResume
		}
	case l.notReady.IsZero():
		l.notReady = now
	}
	l.next, l.waits = time.Time{}, nil
	switch to {
	case lifecycle.AwaitingHello:
		l.base = c.counter.flow
	case lifecycle.Disconnected:
		l.opened = lifecycle.HandshakeNone
		l.next, l.waits = c.redial.at, c.redial.waits
	case lifecycle.Stopped:
		l.opened = lifecycle.HandshakeNone
	}
}

// reconnecting counts the end of a connection or attempt that is followed by
// another.
func (c *core) reconnecting(cause error) {
	c.life.causes[c.kind(cause)]++
}
