package bridge

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/journal"
	"github.com/sluice-go/sluice/bridge/internal/state"
	"github.com/sluice-go/sluice/gateway"
)

// restorer puts a shard together again from its journal.
type restorer struct {
	shard    *shard
	head     *headRecord
	state    []byte
	loaded   bool            // the state is the shard's
	commands *commandsRecord // nil: none
	cut      *cutRecord
	sessions map[string]*sessionRecord
	order    []string
	next     int64 // the index of the next event
	now      time.Time
	reached  func() // nil: nobody waits for marks
}

var (
	errNotOurs = errors.New("bridge: the journal is of another shard or session")
	errNotLast = errors.New("bridge: the journal ends before what is saved of the session")
)

// restore reads a shard's journal and reports whether the shard can go on with a session of Discord's behind a sequence. It does
// so before the engine has the shard.
func (b *Bridge) restore(d *Data, id, total int, upstream string, seq int64) bool {
	sh := newShard(b, id, total)
	r := restorer{shard: sh, sessions: make(map[string]*sessionRecord), now: time.Now()}
	err := journal.ReadFile(d.name(id, total), func(kind journal.Kind, body []byte) error {
		if r.head != nil && r.head.Upstream != upstream {
			return errNotOurs
		}
		return r.take(kind, body)
	})
	if err == nil && r.head.Upstream != upstream {
		err = errNotOurs
	}
	if err == nil && sh.seq < seq {
		err = errNotLast
	}
	if err != nil || !sh.state.HasReady() {
		b.logger.Warn("a shard's journal cannot be used: the shard identifies, and its bots begin anew", "shard", id, "cause", err)
		return false
	}
	sh.upstream, sh.ready, sh.complete, sh.restored = upstream, true, true, true
	sh.handed, sh.until = b.config.Peers != nil, r.now.Add(arrivalTime)
	r.reviveAll()
	b.introduce(sh)
	b.logger.Info("a shard goes on where it was", "shard", id, "events", sh.log.Last()-sh.log.First()+1, "bots", len(sh.sessions))
	return true
}

// introduce has bots find a shard that the engine does not have yet.
func (b *Bridge) introduce(sh *shard) {
	b.mu.Lock()
	for _, s := range sh.sessions {
		b.sessions[s.id] = s
	}
	b.mu.Unlock()
	b.retire(sh)
	b.restored.Store(place{sh.id, sh.total}, sh)
	sh.commands.resume()
}

// maxIndex is the highest index that is believed.
const maxIndex = 1 << 53

// take takes a record. Nothing in it is believed that cannot be true, for the file may be anybody's.
func (r *restorer) take(kind journal.Kind, body []byte) error {
	sh := r.shard
	if r.cut != nil || kind != journal.Head && r.head == nil {
		return errNotOurs
	}
	switch kind {
	case journal.Head:
		var head headRecord
		if err := json.Unmarshal(body, &head); err != nil {
			return err
		}
		if head.Shard != sh.id || head.Total != sh.total || head.Next < 1 || head.Live < head.Next || head.Live > maxIndex || r.head != nil {
			return errNotOurs
		}
		r.head, r.next = &head, head.Next
		sh.intents, sh.seq, sh.number = head.Intents, head.Seq, head.Number
		sh.log.Restart(head.Next)
	case journal.State:
		if r.loaded {
			return errNotOurs
		}
		r.state = append(r.state, body...)
	case journal.Session:
		one := new(sessionRecord)
		if err := json.Unmarshal(body, one); err != nil {
			return err
		}
		if r.sessions[one.ID] == nil {
			r.order = append(r.order, one.ID)
		}
		r.sessions[one.ID] = one
		sh.number = max(sh.number, one.Number)
	case journal.Ended:
		delete(r.sessions, string(body))
	case journal.Start:
		return r.load()
	case journal.Events:
		if err := r.load(); err != nil { // before any of them is applied
			return err
		}
		return eventlog.Records(body, r.event)
	case journal.Commands:
		r.commands = new(commandsRecord)
		return json.Unmarshal(body, r.commands)
	case journal.Seen:
		var seen seenRecord
		if err := json.Unmarshal(body, &seen); err != nil {
			return err
		}
		sh.seq = max(sh.seq, seen.Seq)
	case journal.Mark:
		if r.reached != nil {
			r.reached()
		}
	case journal.Cut:
		r.cut = new(cutRecord)
		return json.Unmarshal(body, r.cut)
	}
	return nil
}

// load loads the state, once.
func (r *restorer) load() error {
	if r.loaded {
		return nil
	}
	data := r.state
	r.state, r.loaded = nil, true
	sh := r.shard
	sh.state = state.NewShard(state.Config{Members: sh.bridge.config.Members, Dictionary: sh.bridge.dictionaryOf(data)})
	return sh.state.LoadSnapshot(data)
}

// event takes an event: into the log, and into the state, if it came after that.
func (r *restorer) event(e *eventlog.Event) error {
	sh := r.shard
	e.Type = gateway.ParseEventType(e.Name) // numbers of types are not for files
	if r.next >= r.head.Live && changing.Has(e.Type) && !e.Private {
		if err := sh.state.Apply(e.Type, e.Data); err != nil {
			sh.bridge.logger.Warn("an event of the journal could not be applied", "shard", sh.id, "event", string(e.Name), "cause", err)
		}
	}
	sh.seq = max(sh.seq, e.Seq)
	sh.log.Append(r.now, e)
	r.next++
	return nil
}

// reviveAll makes all sessions that did not end, when everything is read.
func (r *restorer) reviveAll() {
	for _, id := range r.order {
		r.revive(r.sessions[id])
	}
}

// revive makes a session of its record, away since now. What it was counted up to is counted again.
func (r *restorer) revive(one *sessionRecord) {
	sh := r.shard
	if one == nil {
		return // it ended
	}
	client := sh.bridge.keys.named(one.Client)
	if client == nil {
		return // a bot that may no longer connect
	}
	s := &session{
		id: one.ID, number: one.Number, shard: sh, client: client, intents: one.Intents, events: one.Events,
		direct: one.Direct, guilded: one.Guilded, compress: one.Compress, identified: r.now, kept: true,
	}
	s.away.Store(r.now.UnixNano())
	for _, m := range one.Marks {
		if m.Next >= sh.log.First() && m.Next <= sh.log.Last()+1 {
			s.marks = append(s.marks, mark{m.Seq, m.Next})
		}
	}
	if !s.recount() {
		return
	}
	sh.sessions = append(sh.sessions, s)
	sh.wanted = sh.wanted.Union(s.events)
}

// recount counts a session's events from its last mark to the end of the log.
func (s *session) recount() bool {
	if len(s.marks) == 0 {
		return false
	}
	log := &s.shard.log
	last := s.marks[len(s.marks)-1]
	cursor, ok := log.At(last.next)
	if !ok {
		return false
	}
	s.seq, s.cursor = last.seq, cursor
	for {
		span, ok := log.Take(&s.cursor)
		if !ok || span.Empty() {
			return ok
		}
		var e eventlog.Event
		for span.Next(&s.cursor, &e) {
			if s.takes(&e) {
				s.seq++
			}
			s.note(log.First())
		}
		span.Done()
	}
}
