package engine

import (
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// maxSent is how many payloads wait to be told. The send limit lets 120 go a minute, so they
// are more only where a callback holds up its shard, or a proxy has no limit.
const maxSent = 256

// sentLog holds what a shard sent until its loop tells callbacks of it: any goroutine may
// send, but callbacks run on the loop alone.
type sentLog struct {
	mu     sync.Mutex
	list   []sentPayload // in the order in which they were noted
	missed int           // given up before the first of list
}

type sentPayload struct {
	at      time.Time
	wire    int
	payload *pool.Buffer
}

// add appends a payload, which the log owns from then on.
func (l *sentLog) add(p sentPayload) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.list) == maxSent {
		l.list[0].payload.Release()
		l.list = append(l.list[:0], l.list[1:]...)
		l.missed++
	}
	l.list = append(l.list, p)
}

// take empties the log.
func (l *sentLog) take() (list []sentPayload, missed int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	list, missed = l.list, l.missed
	l.list, l.missed = nil, 0
	return list, missed
}

// Sends implements core.Host. The loop tells it at the end of the turn.
func (h *host) Sends(now time.Time, payload []byte) { (*Shard)(h).noteSent(now, payload) }

// noteSent copies a payload that was sent, without the token, if a callback asks for such, and
// reports whether the loop is to look. Any goroutine may call it.
func (s *Shard) noteSent(now time.Time, payload []byte) bool {
	if s.engine.handlers.wanting(gateway.EventPayloadSent) == nil {
		return false
	}
	log := s.sent.Load()
	if log == nil {
		log = new(sentLog)
		if !s.sent.CompareAndSwap(nil, log) {
			log = s.sent.Load()
		}
	}
	buf := pool.Get(len(payload))
	buf.B = append(buf.B, payload...)
	s.engine.config.Token.secret().Mask(buf.B)
	log.add(sentPayload{now, frameSize(len(payload)), buf})
	return true
}

// frameSize returns the length of a client's frame (RFC 6455, section 5.2).
func frameSize(payload int) int {
	size := 2 + 4 + payload
	switch {
	case payload > 0xffff:
		size += 8
	case payload >= 126:
		size += 2
	}
	return size
}

// tellSent tells callbacks what was sent until now. What a callback sends comes at the next turn.
func (s *Shard) tellSent() {
	log := s.sent.Load()
	if log == nil {
		return
	}
	list, missed := log.take()
	for i := range list {
		p := &list[i]
		if callbacks := s.engine.handlers.wanting(gateway.EventPayloadSent); callbacks != nil {
			s.engine.handlers.deliver(callbacks, &Event{
				Shard: s, Type: gateway.EventPayloadSent, Received: p.at, Payload: p.payload.B, Wire: p.wire,
				detail: &lifecycle.PayloadSent{Missed: missed},
			})
		}
		missed = 0
		p.payload.Release()
	}
}
