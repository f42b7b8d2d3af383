package bridge

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// This file takes what bots wait for along, when their shard is handed over: commands that have not gone to Discord yet,
// and who has asked for members.

// commandsRecord is the body of [journal.Commands].
type commandsRecord struct {
	Prefix   string          `json:"prefix,omitempty"` // of the nonces
	Count    uint64          `json:"count,omitempty"`  // of the last of them
	Asked    []askedRecord   `json:"asked,omitempty"`  // the oldest first
	Waiting  []waitingRecord `json:"waiting,omitempty"`
	Presence []byte          `json:"presence,omitempty"` // that waits
	Changed  []time.Duration `json:"changed,omitempty"`  // how long ago presences went
}

// askedRecord is a request whose answer has yet to come.
type askedRecord struct {
	Nonce   string          `json:"nonce"` // the bridge's
	Session string          `json:"session"`
	Own     json.RawMessage `json:"own,omitempty"` // the bot's own nonce
	Came    int64           `json:"came,omitempty"`
}

// waitingRecord is what a session has asked for that has not gone.
type waitingRecord struct {
	Session  string   `json:"session"`
	Payloads [][]byte `json:"payloads"`
}

// pause keeps commands from going, until resume: the shard is about to close. It waits for the one that is just going.
func (cs *commands) pause(ctx context.Context) {
	cs.mu.Lock()
	cs.paused = true
	w := cs.work
	cs.mu.Unlock()
	if w == nil {
		return
	}
	w.cancel()
	select {
	case <-w.done:
	case <-ctx.Done():
	}
}

// resume has commands go, and those that a peer has handed over.
func (cs *commands) resume() {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	cs.paused = false
	cs.startWaiting()
}

// putBack has a command that did not go be the next one.
func (cs *commands) putBack(s *session, payload []byte) {
	cs.mu.Lock()
	defer cs.mu.Unlock()
	if s == nil {
		if cs.changed = cs.changed[:len(cs.changed)-1]; cs.presence == nil {
			cs.presence = payload
		}
		return
	}
	q := &queue{session: s, payloads: [][]byte{payload}}
	if i := slices.IndexFunc(cs.queues, func(q *queue) bool { return q.session == s }); i >= 0 {
		q.payloads = append(q.payloads, cs.queues[i].payloads...)
		cs.queues = slices.Delete(cs.queues, i, i+1)
	}
	cs.queues = slices.Insert(cs.queues, 0, q)
}

// record returns what is handed over.
func (cs *commands) record(now time.Time) *commandsRecord {
	cs.mu.Lock()
	r := &commandsRecord{Presence: cs.presence}
	for _, t := range cs.changed {
		r.Changed = append(r.Changed, now.Sub(t))
	}
	for _, q := range cs.queues {
		r.Waiting = append(r.Waiting, waitingRecord{q.session.id, slices.Clone(q.payloads)})
	}
	cs.mu.Unlock()
	as := &cs.askers
	as.mu.Lock()
	defer as.mu.Unlock()
	r.Prefix, r.Count = as.prefix, as.count
	for _, nonce := range as.order {
		if a := as.open[nonce]; a != nil {
			r.Asked = append(r.Asked, askedRecord{nonce, a.session.id, a.nonce, a.came})
		}
	}
	return r
}

// revive takes what a peer handed over, for the shard's sessions, before anybody has the shard. It goes on with the
// peer's nonces, so that answers to these are known for what they are.
func (cs *commands) revive(r *commandsRecord, now time.Time) {
	sessions := make(map[string]*session, len(cs.shard.sessions))
	for _, s := range cs.shard.sessions {
		sessions[s.id] = s
	}
	sendable := func(p []byte) bool { return len(p) <= gateway.MaxPayload && json.Valid(p) }
	for _, waiting := range r.Waiting {
		q := &queue{session: sessions[waiting.Session]}
		for _, p := range waiting.Payloads[:min(len(waiting.Payloads), maxQueued)] {
			if sendable(p) {
				q.payloads = append(q.payloads, p)
			}
		}
		if delete(sessions, waiting.Session); q.session != nil && len(q.payloads) > 0 {
			cs.queues = append(cs.queues, q)
		}
	}
	if r.Presence != nil && sendable(r.Presence) {
		cs.presence = r.Presence
	}
	for _, ago := range r.Changed[:min(len(r.Changed), maxPresences)] {
		cs.changed = append(cs.changed, now.Add(-max(0, ago)))
	}
	cs.askers.revive(r, cs.shard.sessions)
}

func (as *askers) revive(r *commandsRecord, sessions []*session) {
	if !strings.HasPrefix(r.Prefix, noncePrefix) || len(r.Prefix) > gateway.MaxNonce {
		return
	}
	as.prefix, as.count, as.open = r.Prefix, r.Count, make(map[string]*asker)
	for _, asked := range r.Asked[:min(len(r.Asked), maxAskers)] {
		i := slices.IndexFunc(sessions, func(s *session) bool { return s.id == asked.Session })
		var own string
		if i < 0 || as.open[asked.Nonce] != nil || asked.Own != nil && json.Unmarshal(asked.Own, &own) != nil {
			continue
		}
		as.open[asked.Nonce] = &asker{session: sessions[i], nonce: asked.Own, came: asked.Came}
		as.order = append(as.order, asked.Nonce)
	}
}
