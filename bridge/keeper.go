package bridge

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/journal"
	"github.com/sluice-go/sluice/gateway"
)

// keeper writes a shard's journal: it reads the shard's log as a bot does, at its own pace. Data's mutex guards it.
type keeper struct {
	shard  *shard
	w      *journal.Writer // nil: none yet
	cursor eventlog.Cursor
	again  time.Time // after a failure, not before
}

// stateChunk is how much of the state is one record.
const stateChunk = 1 << 20

// headRecord is the body of [journal.Head].
type headRecord struct {
	Shard    int             `json:"shard"`
	Total    int             `json:"total"`
	Intents  gateway.Intents `json:"intents"`
	Upstream string          `json:"upstream"` // Discord's session
	Seq      int64           `json:"seq"`      // the last of Discord's that is in the state
	Next     int64           `json:"next"`     // the index of the first event that follows the head
	Live     int64           `json:"live"`     // the index of the first event that is not in the state
	Number   uint32          `json:"number"`   // of the bot session that began last
}

// sessionRecord is the body of [journal.Session].
type sessionRecord struct {
	ID       string           `json:"id"`
	Number   uint32           `json:"number"`
	Client   string           `json:"client"`
	Intents  gateway.Intents  `json:"intents"`
	Events   gateway.EventSet `json:"events"`
	Direct   gateway.EventSet `json:"direct"`
	Guilded  gateway.EventSet `json:"guilded"`
	Compress bool             `json:"compress"`
	Marks    []markRecord     `json:"marks"`
}

type markRecord struct {
	Seq  int64 `json:"seq"`
	Next int64 `json:"next"`
}

// record returns what is kept of a session.
func (s *session) record() []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := sessionRecord{
		ID: s.id, Number: s.number, Client: s.client.name, Intents: s.intents, Events: s.events,
		Direct: s.direct, Guilded: s.guilded, Compress: s.compress,
	}
	for _, m := range s.marks {
		r.Marks = append(r.Marks, markRecord{m.seq, m.next})
	}
	body, _ := json.Marshal(&r) // of such fields: it cannot fail
	return body
}

// persist writes what is not in the journal yet. Where there is no journal, or too much behind its snapshot, or
// events that were not written are gone, it writes another one.
func (k *keeper) persist() error {
	sh := k.shard
	sh.mu.Lock()
	ready, anew := sh.ready, sh.anew
	sh.mu.Unlock()
	if !ready && k.w == nil || time.Now().Before(k.again) {
		return nil
	}
	var err error
	if k.w == nil || anew || k.w.Grown() > max(k.w.Base(), 2*int64(sh.log.Limit)) {
		err = k.rewrite()
	} else {
		var whole bool
		if whole, err = k.follow(); err == nil && !whole {
			err = k.rewrite()
		}
	}
	if err != nil {
		k.again = time.Now().Add(time.Second)
		k.close()
	}
	return err
}

// follow writes what has come since. It reports false where events are gone.
func (k *keeper) follow() (whole bool, err error) {
	sh := k.shard
	for {
		sh.mu.Lock()
		began, ended := sh.began, sh.over
		sh.began, sh.over = nil, nil
		span, ok := sh.log.Take(&k.cursor)
		sh.mu.Unlock()
		for _, s := range began {
			err = errors.Join(err, k.w.Append(journal.Session, s.record()))
		}
		for _, id := range ended {
			err = errors.Join(err, k.w.Append(journal.Ended, []byte(id)))
		}
		if !ok || err != nil || span.Empty() {
			span.Done()
			if ok && err == nil {
				sh.keptUpTo(&k.cursor)
			}
			return ok, err
		}
		err = k.w.Append(journal.Events, span.Rest(&k.cursor))
		span.Done()
		if err != nil {
			return true, err
		}
	}
}

// rewrite writes a journal as of now. State and log must be of one moment: first that is tried without holding
// up the engine's callback.
func (k *keeper) rewrite() error {
	sh := k.shard
	sh.mu.Lock()
	head := sh.headLocked()
	sh.mu.Unlock()
	state := sh.state.AppendSnapshot(nil)
	sh.mu.Lock()
	if now := sh.headLocked(); now != head {
		head, state = now, sh.state.AppendSnapshot(state[:0])
	}
	oldest, _ := sh.log.At(sh.log.First())
	head.Next = oldest.Next
	sessions := sh.sessions[:len(sh.sessions):len(sh.sessions)]
	sh.began, sh.over, sh.anew = nil, nil, false
	sh.mu.Unlock()
	w, err := journal.Create(sh.bridge.config.Data.name(sh.id, sh.total))
	if err != nil {
		return err
	}
	body, _ := json.Marshal(&head) // of such fields: it cannot fail
	err = w.Append(journal.Head, body)
	for len(state) > 0 && err == nil {
		n := min(len(state), stateChunk)
		err = w.Append(journal.State, state[:n])
		state = state[n:]
	}
	for _, s := range sessions {
		if err == nil {
			err = w.Append(journal.Session, s.record())
		}
	}
	for err == nil && oldest.Next < head.Live {
		sh.mu.Lock()
		span, ok := sh.log.Take(&oldest)
		sh.mu.Unlock()
		if !ok {
			err = errOvertaken
			break
		}
		err = w.Append(journal.Events, span.Rest(&oldest))
		span.Done()
	}
	if err != nil {
		return errors.Join(err, w.Abort())
	}
	if err := w.Commit(k.w); err != nil {
		k.w = nil
		return err
	}
	k.w, k.cursor = w, oldest
	_, err = k.follow()
	return err
}

var errOvertaken = errors.New("bridge: events came faster than they could be written")

// headLocked returns the journal's head as of now, but for Next. The caller holds mu.
func (sh *shard) headLocked() headRecord {
	return headRecord{
		Shard: sh.id, Total: sh.total, Intents: sh.intents, Upstream: sh.upstream, Seq: sh.seq,
		Live: sh.log.Last() + 1, Number: sh.number,
	}
}

// close ends the use of the journal, which stays.
func (k *keeper) close() {
	if k.w != nil {
		_ = k.w.Close() // each record was written at once
		k.w = nil
	}
}
