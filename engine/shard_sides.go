package engine

import (
	"errors"
	"io"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/prefetch"
)

// Feed implements reactor.Task.
func (t *task) Feed(now time.Time, b []byte) {
	s := (*Shard)(t)
	returned := false
	defer s.engine.guard(s, &returned)
	if s.held(now) {
		s.core.Postpone(b)
		s.postponed = true
	} else {
		s.core.Feed(now, b)
	}
	s.settle(now)
	returned = true
}

// Fail implements reactor.Task: the connection brings nothing more.
func (t *task) Fail(now time.Time, err error) {
	s := (*Shard)(t)
	returned := false
	defer s.engine.guard(s, &returned)
	s.link.Detach()
	if err == io.EOF {
		err = errHungUp
	}
	s.core.Lost(now, s.engine.gateway.Judge(now, err)) // also where it could not be adopted
	s.settle(now)
	returned = true
}

// Advance implements reactor.Task. It follows every Feed and Fail, so that what
// others may see need not be published there too.
func (t *task) Advance(now time.Time, drained bool) (next time.Time, done bool) {
	s := (*Shard)(t)
	returned := false
	defer s.engine.guard(s, &returned)
	s.readMail(now)
	if err := s.link.Failure(); err != nil {
		s.core.Lost(now, err)
	}
	s.core.Advance(now, drained)
	s.settle(now)
	s.catchUp(now)
	s.afterRead()
	s.tellSent()
	s.publish()
	next = s.core.Next()
	s.promise.give(s.engine, next)
	returned = true
	return next, s.core.State() == lifecycle.Stopped
}

// Done implements reactor.Task: the loop has let go of the shard.
func (t *task) Done() {
	s := (*Shard)(t)
	defer close(s.done)
	defer s.engine.retire(s)
	returned := false
	defer s.engine.guard(s, &returned)
	s.closeMail()
	s.backlog.tell()
	s.core.Drop() // where a callback ended the loop's goroutine
	returned = true
}

// Prefetch implements reactor.Prefetcher.
func (t *task) Prefetch() {
	t.core.Prefetch()
	// What lies behind the link's first field is not needed for an event. The span begins at
	// the shard and ends inside of it.
	prefetch.Bytes(unsafe.Pointer(t), unsafe.Offsetof(t.link)+unsafe.Sizeof(atomic.Bool{}))
}

// prefetchPublic asks for what look will need: from seq to within link.
func (s *Shard) prefetchPublic() {
	prefetch.Bytes(unsafe.Pointer(&s.seq), unsafe.Offsetof(s.presence)-unsafe.Offsetof(s.seq))
}

const (
	// slowCallback is from when on the callbacks of one event are counted as slow.
	slowCallback = 100 * time.Millisecond

	// slowLogPeriod is how often a shard logs that, at most.
	slowLogPeriod = 10 * time.Second
)

// callClock measures callbacks.
type callClock struct {
	start  time.Time     // the time since is cheaper to ask than the time
	logged time.Duration // when a slow callback was last logged; 0: never
	silent uint64        // slow ones since
}

// Wants implements core.Host. It is not asked for what the gateway sends.
func (h *host) Wants(t gateway.EventType) bool {
	return noted(t) || h.engine.handlers.wanting(t) != nil
}

// Deliver implements core.Host: it fills the shard's one event and calls the callbacks.
func (h *host) Deliver(now time.Time, t gateway.EventType, seq int64, data, payload []byte, wire int, replayed bool) {
	list := h.engine.handlers.wanting(t)
	if list == nil {
		return
	}
	ev := &h.event
	ev.Type = t
	ev.Seq = seq
	ev.Session = h.core.SessionID()
	ev.Data = data
	ev.Payload = payload
	ev.Received = now
	ev.Wire = wire
	ev.Replayed = replayed
	ev.name = ""
	h.call(list, ev)
	h.delivered = true
	ev.Data, ev.Payload = nil, nil
}

// Tell implements core.Host.
func (h *host) Tell(now time.Time, t gateway.EventType, detail any) {
	if noted(t) {
		(*Shard)(h).note(now, detail)
	}
	if t == gateway.EventSessionBegan {
		(*Shard)(h).publish() // READY counts as delivered by now
	}
	if list := h.engine.handlers.wanting(t); list != nil {
		h.engine.handlers.deliver(list, &Event{Shard: h.event.Shard, Type: t, Session: h.core.SessionID(), Received: now, detail: detail})
	}
}

// call has the callbacks take ev, and measures them.
func (h *host) call(list *handlerList, ev *Event) {
	began := time.Since(h.clock.start)
	h.engine.handlers.deliver(list, ev)
	ended := time.Since(h.clock.start)
	took := ended - began
	h.calls.sum += took
	if took > h.calls.longest {
		h.calls.longest = took
	}
	if took <= HistogramZero { // as most do: the recorder's atomic would be seen in what they cost
		h.calls.fast++
		return
	}
	h.figures.record(took)
	if took >= slowCallback {
		h.slow(ev, took, ended)
	}
}

// slow counts a slow callback, and logs it unless one was logged just before.
func (h *host) slow(ev *Event, took, now time.Duration) {
	h.calls.slow++
	clock := &h.clock
	if clock.logged != 0 && now-clock.logged < slowLogPeriod {
		clock.silent++
		return
	}
	h.config.Logger.Warn("a callback held up its shard", "shard", h.id, "event", ev.Name(),
		"took", took.Round(time.Millisecond), "not_logged", clock.silent)
	(*Shard)(h).noteSlow(clock.start.Add(now), ev.Name(), took)
	clock.logged, clock.silent = now, 0
}

// Entered implements core.Host. It is called before callbacks hear of it, since a
// callback of READY may send. The link is open only while others see the shard Ready, so
// that who waited for the one finds the other.
func (h *host) Entered(state lifecycle.State) {
	s := (*Shard)(h)
	switch state {
	case lifecycle.Ready:
		s.engine.readied.Add(1)
		s.publish()
		s.link.Start(s.core.Session().ID, s.config.SendLimit, s.core.Interval())
	case lifecycle.Stopped:
		s.link.End()
		s.publish()
	default:
		s.link.Pause()
		s.publish()
	}
}

// Ended implements core.Host.
func (h *host) Ended(code gateway.CloseCode, by lifecycle.Closer) {
	h.engine.figures.closes.add(code, by)
}

// Acked implements core.Host.
func (h *host) Acked(took time.Duration) { h.engine.figures.beat(took) }

// AppendIdentify implements core.Host: the presence that was sent last goes with the
// identify, if there is one and it fits.
func (h *host) AppendIdentify(dst []byte) ([]byte, error) {
	id, token := h.config.identify(h.id, h.total), h.config.Token.secret().Reveal()
	sent := h.presence.Load()
	if sent == nil {
		return gateway.AppendIdentify(dst, token, id)
	}
	configured := id.Presence
	id.Presence = *sent
	b, err := gateway.AppendIdentify(dst, token, id)
	var large *gateway.PayloadTooLargeError
	if errors.As(err, &large) {
		id.Presence = configured
		return gateway.AppendIdentify(dst, token, id)
	}
	return b, err
}
