package bridge

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

const (
	// maxQueued is how many commands of a session may wait. Whoever sends more is closed with 4008.
	maxQueued = gatewire.MaxSends

	// A presence changes at most five times in 20 s, which is what clients keep to.
	maxPresences   = 5
	presenceWindow = 20 * time.Second
)

// commands are what the bots of a shard ask of Discord, over its one connection. They wait in a queue for each
// session, and the queues take turns, so that a bot that asks for much delays itself alone. How much goes is
// the engine's to say (engine.Config.SendLimit).
type commands struct {
	shard  *shard
	askers askers

	mu       sync.Mutex
	queues   []*queue // of sessions that have any, the next one first
	presence []byte   // the newest that waits; nil: none
	changed  []time.Time
	work     *worker // nil: nothing waits
	paused   bool    // the shard is being handed over
	closed   bool
}

type queue struct {
	session  *session
	payloads [][]byte
}

// worker is the goroutine that sends, while there is anything to send.
type worker struct {
	cancel context.CancelFunc
	more   chan struct{} // of capacity 1
	done   chan struct{}
}

// take queues a command.
func (cs *commands) take(s *session, op gateway.Opcode, d json.RawMessage) *gatewire.Refusal {
	if op == gateway.OpPresenceUpdate {
		payload := presenceOf(d)
		if payload == nil {
			return gatewire.DecodeError
		}
		cs.present(payload)
		return nil
	}
	payload, refused := cs.read(s, op, d)
	if refused != nil || payload == nil {
		return refused
	}
	cs.mu.Lock()
	defer cs.mu.Unlock()
	i := slices.IndexFunc(cs.queues, func(q *queue) bool { return q.session == s })
	if i < 0 {
		i = len(cs.queues)
		cs.queues = append(cs.queues, &queue{session: s})
	}
	q := cs.queues[i]
	if len(q.payloads) >= maxQueued {
		return gatewire.RateLimited
	}
	q.payloads = append(q.payloads, payload)
	cs.start()
	return nil
}

// present queues a presence, in the place of one that waits: the newest wins, whichever bot's it is.
func (cs *commands) present(payload []byte) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.presence = payload
	cs.start()
}

// start has what waits sent. mu is held.
func (cs *commands) start() {
	if cs.closed || cs.paused {
		return
	}
	if cs.work == nil {
		ctx, cancel := context.WithCancel(context.Background())
		cs.work = &worker{cancel: cancel, more: make(chan struct{}, 1), done: make(chan struct{})}
		go cs.run(ctx, cs.work)
		return
	}
	select {
	case cs.work.more <- struct{}{}:
	default:
	}
}

// startWaiting has what waits sent, if anything does. mu is held.
func (cs *commands) startWaiting() {
	if len(cs.queues) > 0 || cs.presence != nil {
		cs.start()
	}
}

// run sends until nothing waits.
func (cs *commands) run(ctx context.Context, w *worker) {
	defer close(w.done)
	defer w.cancel()
	for {
		if ctx.Err() != nil {
			cs.mu.Lock()
			cs.work = nil
			cs.startWaiting() // it may go on already
			cs.mu.Unlock()
			return
		}
		s, payload, wait, ok := cs.next(time.Now())
		if !ok {
			return
		}
		if payload == nil {
			timer := time.NewTimer(wait)
			select {
			case <-timer.C:
			case <-w.more:
			case <-ctx.Done():
			}
			timer.Stop()
			continue
		}
		if !cs.send(ctx, payload) {
			cs.putBack(s, payload)
		}
	}
}

// next takes what is to be sent next: a presence, for which s is nil, if it may go, otherwise the first of the queue whose
// turn it is. Where only a presence waits that may not go yet, payload is nil and wait says how long. It reports false
// where nothing waits or may go, and the worker ends.
func (cs *commands) next(now time.Time) (s *session, payload []byte, wait time.Duration, ok bool) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	for len(cs.changed) > 0 && now.Sub(cs.changed[0]) >= presenceWindow {
		cs.changed = cs.changed[1:]
	}
	switch {
	case cs.closed, cs.paused:
	case cs.presence != nil && len(cs.changed) < maxPresences:
		payload, cs.presence = cs.presence, nil
		cs.changed = append(cs.changed, now)
		return nil, payload, 0, true
	case len(cs.queues) > 0:
		q := cs.queues[0]
		payload, q.payloads = q.payloads[0], q.payloads[1:]
		cs.queues = cs.queues[1:]
		if len(q.payloads) > 0 {
			cs.queues = append(cs.queues, q)
		}
		return q.session, payload, 0, true
	case cs.presence != nil:
		return nil, nil, presenceWindow - now.Sub(cs.changed[0]), true
	}
	cs.work = nil
	return nil, nil, 0, false
}

// send sends one payload when the shard is ready and its limit allows it. What is in doubt is sent again only if
// that does no harm. It reports false where ctx has ended before, and the payload may be sent later.
func (cs *commands) send(ctx context.Context, payload []byte) (done bool) {
	select {
	case <-cs.shard.adopted: // a bot may resume before the engine has the shard
	case <-ctx.Done():
		return false
	}
	up := cs.shard.up.Load()
	err := up.Send(ctx, payload)
	for errors.Is(err, engine.ErrConnectionLost) && !isVoice(payload) {
		err = up.Send(ctx, payload)
	}
	if err != nil && ctx.Err() != nil {
		return errors.Is(err, engine.ErrConnectionLost)
	}
	if err != nil {
		cs.shard.bridge.logger.Warn("a bot's command was not sent to Discord", "shard", cs.shard.id, "cause", err)
	}
	return true
}

// isVoice reports whether a payload that this package wrote is a voice state update.
func isVoice(payload []byte) bool { return string(payload[:min(8, len(payload))]) == `{"op":4,` }

// forget drops what a session that is over still waits for.
func (cs *commands) forget(s *session) {
	cs.mu.Lock()
	cs.queues = slices.DeleteFunc(cs.queues, func(q *queue) bool { return q.session == s })
	cs.mu.Unlock()
	cs.askers.drop(s)
}

// close drops everything, and waits for the worker.
func (cs *commands) close() {
	cs.mu.Lock()
	cs.closed = true
	w := cs.work
	cs.mu.Unlock()
	if w != nil {
		w.cancel()
		<-w.done
	}
}
