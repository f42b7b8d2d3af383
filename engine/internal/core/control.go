package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// control takes a payload that is no dispatch. Every opcode is legal in every
// state: a reconnect may come before hello.
func (c *Core) control(now time.Time, p []byte, env *lazyjson.Envelope) {
	switch gateway.Opcode(env.Op) {
	case gateway.OpHello:
		c.show(now, gateway.EventHello, p, env)
		c.hello(now, env.Data(p))
	case gateway.OpHeartbeat:
		c.show(now, gateway.EventHeartbeat, p, env)
		c.sendHeartbeat(now)
	case gateway.OpHeartbeatACK:
		c.show(now, gateway.EventHeartbeatACK, p, env)
		if took, first := c.heart.ack(now); first {
			c.counter.Latency = took
			c.host.Acked(took)
		}
		c.prove()
	case gateway.OpReconnect:
		c.show(now, gateway.EventReconnect, p, env)
		c.giveUp(now, errReconnect)
	case gateway.OpInvalidSession:
		c.show(now, gateway.EventInvalidSession, p, env)
		c.invalidSession(now, env.Data(p))
	default:
		c.config.Logger.Debug("payload with an opcode that is not known", "shard", c.id, "op", env.Op)
	}
}

// show delivers a payload that is no dispatch to who asked for it.
func (c *Core) show(now time.Time, t gateway.EventType, p []byte, env *lazyjson.Envelope) {
	c.host.Deliver(now, t, max(env.Seq, 0), env.Data(p), p, c.wire, false)
}

// hello starts the heartbeat, and the session: a resume goes at once, an
// identify waits for its turn.
func (c *Core) hello(now time.Time, d []byte) {
	ms, err := lazyjson.ValueOf(d).Get("heartbeat_interval").Float()
	// What a Duration cannot hold converts to another number on each processor.
	if err != nil || !(ms >= float64(minHeartbeat/time.Millisecond) && ms <= float64(maxHeartbeat/time.Millisecond)) {
		c.corrupt(now, &inflow.CorruptError{What: "hello with a heartbeat interval that makes no sense", Err: err})
		return
	}
	interval := time.Duration(ms * float64(time.Millisecond))
	if c.state != lifecycle.AwaitingHello {
		c.heart.retune(now, interval)
		return
	}
	c.heart.start(now, interval, c.random())
	c.counter.Latency = 0
	if !c.session.resumable() {
		c.setState(now, lifecycle.Queued, 0, nil)
		c.Wish.Permit = true
		return
	}
	resume, err := gateway.AppendResume(nil, c.config.Token.Reveal(), c.session.ID, c.session.Seq)
	if err != nil {
		// A session id too long to be sent back cannot be resumed.
		cause := &inflow.CorruptError{What: "session cannot be resumed", Err: err}
		c.loseSession(now, cause)
		c.giveUp(now, cause)
		return
	}
	if c.session.missedFrom == 0 {
		c.session.missedFrom = c.session.Seq + 1
	}
	c.session.resumes++
	c.counter.Resumes++
	c.send(now, resume)
	c.setState(now, lifecycle.Resuming, readyTimeout, nil)
}

// Refused takes the news that the identify queue gives no permit.
func (c *Core) Refused(now time.Time, err error) { c.giveUp(now, &queueError{err}) }

// Identify starts a new session: the identify queue has given its permit.
func (c *Core) Identify(now time.Time) {
	if c.state != lifecycle.Queued {
		return
	}
	id, err := c.host.AppendIdentify(nil)
	if err != nil {
		// New has checked it with the longest numbers that a shard can have.
		c.Wish.Hangup = true
		c.Drop()
		c.halt(now, &lifecycle.StopError{Shard: c.id, Err: err})
		return
	}
	c.session.clear()
	c.spending.spend(now)
	c.counter.Identifies++
	c.send(now, id)
	c.Wish.Sent = true
	c.setState(now, lifecycle.Identifying, readyTimeout, nil)
}

// ready takes READY. One for the session that is already open is an event like
// any other; one before the identify is damage.
func (c *Core) ready(now time.Time, p []byte, env *lazyjson.Envelope) {
	if c.state == lifecycle.AwaitingHello || c.state == lifecycle.Queued {
		c.corrupt(now, &inflow.CorruptError{What: "READY before the identify"})
		return
	}
	if env.Seq > maxSeq {
		c.corrupt(now, &inflow.CorruptError{What: "READY with a sequence that makes no sense"})
		return
	}
	opened, err := readSession(env.Data(p), c.config.Token)
	if err != nil {
		c.corrupt(now, err)
		return
	}
	if opened.ID == c.session.ID {
		if c.inSequence(now, env.Seq) {
			c.accept(now, gateway.EventReady, p, env, c.state == lifecycle.Resuming)
		}
		return
	}
	c.loseSession(now, errOtherSession)
	c.session = opened
	c.checkResumeURL()
	c.live(now, false)
	c.accept(now, gateway.EventReady, p, env, false)
	c.announceBegin(now)
	c.awaitGuilds(now, env.Data(p))
}

// resumed takes the answer to a resume: everything that was missed has been
// replayed. Discord gives RESUMED the next sequence; some proxies give it the
// last one. If there is a gap before it, it may itself stand for an event that is
// missing.
func (c *Core) resumed(now time.Time, p []byte, env *lazyjson.Envelope) {
	if last := c.session.Seq; last > 0 && env.Seq > last+1 && !c.gap(now, env.Seq) {
		return
	}
	c.session.urlFailures, c.session.resumes = 0, 0
	c.counter.Resumed++
	c.live(now, true)
	c.accept(now, gateway.EventResumed, p, env, false)
	c.announceResume(now)
}

func (c *Core) live(now time.Time, resumed bool) {
	c.reached, c.proved = now, false
	c.session.alive = now
	limit := time.Duration(0)
	if c.session.guilds != nil {
		limit = c.config.GuildsTimeout // none could come without a connection
	}
	c.setState(now, lifecycle.Ready, limit, nil)
	c.redial.attempts = 0
	c.config.Logger.Info("shard ready", "shard", c.id, "resumed", resumed)
}

// invalidSession takes op 9, whose d says whether the session can be resumed.
func (c *Core) invalidSession(now time.Time, d []byte) {
	if resumable, err := lazyjson.ValueOf(d).Bool(); err == nil && resumable && c.session.resumable() {
		c.giveUp(now, errResumable)
		return
	}
	c.loseSession(now, errInvalidSession)
	c.giveUp(now, errInvalidSession)
}
