package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// saveDelay is how long a session that begins or ends waits for others, so
	// that a fleet that becomes ready at once is one save.
	saveDelay = 250 * time.Millisecond

	// saveEvery is how old a saved sequence may become.
	saveEvery = 5 * time.Second

	// saveTimeout is how long one save may take.
	saveTimeout = 10 * time.Second

	// loadPatience is after how long the log says that Load waits.
	loadPatience = time.Second
)

// saver keeps Config.Sessions as new as it is promised there. A nil saver does
// nothing. It has a goroutine of its own: no loop waits for a disk.
type saver struct {
	engine *Engine
	store  SessionStore
	wake   chan struct{} // something is to be saved soon
	stop   chan struct{}
	ending sync.Once     // closes stop
	done   chan struct{} // nil: not started

	forgotten atomic.Bool // see forget

	saving sync.Mutex     // one save at a time; guards what follows
	last   Snapshot       // what is in the store
	spare  []SavedSession // for the next snapshot
	failed bool           // the last save
	closed bool           // the store is

	mu     sync.Mutex     // is not held during a save
	total  int            // of the shards whose sessions are kept
	loaded []SavedSession // those that no shard has taken over, by shard
}

// loadSessions begins the use of Config.Sessions.
func (e *Engine) loadSessions(ctx context.Context) error {
	store, log := e.config.Sessions, e.config.Logger
	if store == nil {
		return nil
	}
	e.saver = &saver{
		engine: e, store: store,
		wake: make(chan struct{}, 1), stop: make(chan struct{}),
		last: Snapshot{Bot: e.config.Token.Hash()},
	}
	slow := time.AfterFunc(loadPatience, func() {
		log.Warn("still waiting for the saved sessions; another process may not have ended yet")
	})
	saved, err := store.Load(ctx)
	slow.Stop()
	if err == nil && saved != nil {
		err = saved.check()
	}
	var damaged *DamagedSessionsError
	switch {
	case errors.As(err, &damaged):
		log.Warn("saved sessions cannot be used; shards identify", "cause", damaged.Err, "aside", damaged.Aside)
	case err != nil:
		return err
	case saved == nil:
		log.Info("no sessions are saved yet; shards identify")
	case saved.Bot != e.saver.last.Bot:
		return &SessionsMismatchError{OtherBot: true}
	default:
		e.saver.last, e.saver.loaded = *saved, slices.Clone(saved.Sessions)
		if len(saved.Sessions) > 0 {
			e.saver.total = saved.Shards // without sessions any number will do
		}
		if !e.unlimited() {
			e.budget.restore(time.Now(), saved.Budget)
		}
		log.Info("sessions loaded; their shards resume", "sessions", len(saved.Sessions), "saved", saved.Saved.Format(time.RFC3339))
	}
	return nil
}

// choose goes on with the number of shards that the saved sessions are of, where
// Config leaves it open: whatever Discord recommends now, it keeps these sessions, and
// nobody may be there to see the bot stop. If Discord refuses that number, see
// replaceRefused.
func (v *saver) choose(shards Shards, recommended int) Shards {
	if v == nil || shards != (Shards{}) || v.total == 0 || v.total == recommended {
		return shards
	}
	v.engine.config.Logger.Warn("Discord recommends another number of shards than the saved sessions are of; "+
		"those go on (Engine.Reshard changes the number without a gap)",
		"recommended", recommended, "saved", v.total)
	return Shards{Total: v.total}
}

// begin starts to save, once the number of shards is known.
func (v *saver) begin(total int) error {
	if v == nil {
		return nil
	}
	if v.total == 0 {
		v.total = total
	}
	if v.total != total {
		return &SessionsMismatchError{Saved: v.total, Running: total}
	}
	v.done = make(chan struct{})
	go v.run()
	return nil
}

// saved returns the session that was loaded for a shard, zero if none was. The
// shard keeps it from then on.
func (v *saver) saved(shard, total int) Session {
	if v == nil {
		return Session{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if i, found := v.find(shard); found && total == v.total {
		return v.loaded[i].Session
	}
	return Session{}
}

// find returns where among the loaded sessions that of a shard is.
func (v *saver) find(shard int) (i int, found bool) {
	return slices.BinarySearchFunc(v.loaded, shard, func(s SavedSession, id int) int { return s.Shard - id })
}

// poke has everything saved soon.
func (v *saver) poke() {
	if v == nil {
		return
	}
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

func (v *saver) run() {
	defer close(v.done)
	returned := false
	defer v.engine.guard(nil, &returned)
	every := time.NewTicker(saveEvery)
	defer every.Stop()
	var soon <-chan time.Time
	for {
		select {
		case <-v.wake:
			if soon == nil {
				soon = time.After(saveDelay)
			}
			continue
		case <-soon:
		case <-every.C:
		case <-v.stop:
			returned = true
			return
		}
		soon = nil
		_ = v.save() // logged; the next one tries again
	}
}

// save writes what is not in the store yet, if anything.
func (v *saver) save() error {
	if v == nil {
		return nil
	}
	v.saving.Lock()
	defer v.saving.Unlock()
	if v.closed {
		return nil
	}
	next := v.snapshot(time.Now())
	if next.same(&v.last) {
		v.spare = next.Sessions
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), saveTimeout)
	defer cancel()
	err := v.store.Save(ctx, &next)
	log := v.engine.config.Logger
	switch {
	case err != nil && !v.failed:
		log.Error("sessions cannot be saved; a restart now would lose them", "cause", err)
	case err == nil && v.failed:
		log.Info("sessions are saved again")
	}
	if v.failed = err != nil; v.failed {
		v.spare = next.Sessions
		return err
	}
	v.last, v.spare = next, v.last.Sessions
	return nil
}

// snapshot collects what is to be saved: the sessions of the shards of one total,
// that of the oldest, and those that were loaded for shards which do not run.
func (v *saver) snapshot(now time.Time) Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	sessions := v.spare[:0]
	first, forgotten := true, v.forgotten.Load()
	for shard := range v.engine.Shards() {
		if first && shard.total != v.total {
			v.total, v.loaded = shard.total, nil // the fleet was replaced
		}
		first = false
		if shard.total != v.total {
			continue
		}
		if i, found := v.find(shard.id); found {
			v.loaded = slices.Delete(v.loaded, i, i+1)
		}
		if session := shard.settledSession(); session.keepable() && !forgotten {
			sessions = append(sessions, SavedSession{shard.id, session})
		}
	}
	if len(v.loaded) > 0 {
		sessions = append(sessions, v.loaded...)
		slices.SortFunc(sessions, func(a, b SavedSession) int { return a.Shard - b.Shard })
	}
	return Snapshot{Bot: v.last.Bot, Shards: v.total, Saved: now, Budget: v.engine.Budget(), Sessions: sessions}
}

// same reports whether two snapshots of one bot differ in nothing but the time.
func (s *Snapshot) same(o *Snapshot) bool {
	return s.Shards == o.Shards && slices.Equal(s.Sessions, o.Sessions) &&
		s.Budget.Total == o.Budget.Total && s.Budget.Remaining == o.Budget.Remaining && s.Budget.ResetAt.Equal(o.Budget.ResetAt)
}

// forget has the sessions of shards that run not be saved any more: they end with
// the engine, also where a callback keeps its shard from saying so.
func (v *saver) forget() {
	if v != nil {
		v.forgotten.Store(true)
	}
}

// finish saves a last time and ends the use of the store.
func (v *saver) finish() error {
	if v == nil {
		return nil
	}
	var err error
	if v.done != nil { // what was loaded is untouched otherwise
		v.ending.Do(func() { close(v.stop) })
		<-v.done
		if err = v.save(); err != nil {
			err = fmt.Errorf("%w: %w", ErrSessionsNotSaved, err)
		}
	}
	v.saving.Lock()
	defer v.saving.Unlock()
	v.closed = true
	return errors.Join(err, v.store.Close())
}

// abandon ends the use of the store where Run panicked: whoever recovers that may use
// it again.
func (v *saver) abandon() {
	if v == nil {
		return
	}
	v.ending.Do(func() { close(v.stop) })
	if !v.saving.TryLock() {
		return // a save does not return
	}
	defer v.saving.Unlock()
	if !v.closed {
		v.closed = true
		attempt(saveTimeout, func() { _ = v.store.Close() })
	}
}
