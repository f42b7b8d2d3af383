package engine

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/session"
)

const (
	// saveDelay is how long a session that begins or ends waits for others, so
	// that a fleet that becomes ready at once is one save.
	saveDelay = 250 * time.Millisecond

	// saveEvery is how old a saved sequence may become.
	saveEvery = 5 * time.Second

	// saveTimeout is how long one save may take, and lastSave the last one at the
	// least, even where the time for the shutdown is over: the next start depends on it.
	saveTimeout = 10 * time.Second
	lastSave    = 2 * time.Second

	// loadTimeout is how long Load may take: longer than most processes need to end.
	loadTimeout = 2 * time.Minute

	// loadPatience is after how long the log says that Load waits.
	loadPatience = time.Second
)

// saver keeps Config.Sessions as new as it is promised there. A nil saver does
// nothing. It has a goroutine of its own: no loop waits for a disk.
type saver struct {
	engine *Engine
	use    *storeUse     // nil: the store is used by another engine
	wake   chan struct{} // something is to be saved soon
	stop   chan struct{}
	ending sync.Once     // closes stop
	done   chan struct{} // nil: not started

	patience context.Context // nothing waits for the store once it has ended
	giveUp   context.CancelFunc

	forgotten atomic.Bool // see forget

	saving chan struct{}    // holds a value during a save; guards what follows
	last   session.Snapshot // what is in the store, unless failed
	spare  []session.Saved  // for the next snapshot
	failed bool             // the last save

	mu     sync.Mutex      // is not held during a save
	total  int             // of the shards whose sessions are kept
	loaded []session.Saved // those that no shard has taken over, by shard
}

// loadSessions begins the use of Config.Sessions.
func (e *Engine) loadSessions(ctx context.Context) error {
	log := e.config.Logger
	if e.config.Sessions == nil {
		return nil
	}
	v := &saver{
		engine: e,
		wake:   make(chan struct{}, 1), stop: make(chan struct{}), saving: make(chan struct{}, 1),
		last: session.Snapshot{Bot: e.config.Token.Hash()},
	}
	v.patience, v.giveUp = context.WithCancel(context.Background())
	e.saver = v
	slow := time.AfterFunc(loadPatience, func() {
		log.Warn("still waiting for the saved sessions; another engine or process may not have ended yet")
	})
	saved, err := v.load(ctx)
	slow.Stop()
	if err == nil && saved != nil {
		err = saved.Check()
	}
	var damaged *session.DamagedError
	switch {
	case errors.As(err, &damaged):
		log.Warn("saved sessions cannot be used; shards identify", "cause", damaged.Err, "aside", damaged.Aside)
	case err != nil:
		return err
	case saved == nil:
		log.Info("no sessions are saved yet; shards identify")
	case saved.Bot != v.last.Bot:
		return &SessionsMismatchError{OtherBot: true}
	default:
		v.last, v.loaded = *saved, slices.Clone(saved.Sessions)
		if len(saved.Sessions) > 0 {
			v.total = saved.Shards // without sessions any number will do
		}
		if !e.unlimited() {
			e.budget.Restore(time.Now(), saved.Budget)
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

// load asks the store for what is saved, for loadTimeout at most.
func (v *saver) load(ctx context.Context) (*session.Snapshot, error) {
	limited, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	var saved atomic.Pointer[session.Snapshot] // an abandoned Load may still write it
	use, err := v.engine.enterStore(limited)
	if err == nil {
		v.use = use
		err = use.call(limited, "Load", func(ctx context.Context) error {
			s, err := use.store.Load(ctx)
			saved.Store(s)
			return err
		})
	}
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("engine: the saved sessions did not come within %v: %w", loadTimeout, err)
	}
	if err != nil {
		return nil, err
	}
	return saved.Load(), nil
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
func (v *saver) saved(shard, total int) session.Session {
	if v == nil {
		return session.Session{}
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if i, found := v.find(shard); found && total == v.total {
		return v.loaded[i].Session
	}
	return session.Session{}
}

// handOver drops the sessions that were loaded for shards: what becomes of them is with
// the shards now, also where these leave before the next save.
func (v *saver) handOver(shards []*Shard) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, s := range shards {
		if i, found := v.find(s.id); found && s.total == v.total {
			v.loaded = slices.Delete(v.loaded, i, i+1)
		}
	}
}

// find returns where among the loaded sessions that of a shard is.
func (v *saver) find(shard int) (i int, found bool) {
	return slices.BinarySearchFunc(v.loaded, shard, func(s session.Saved, id int) int { return s.Shard - id })
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
		_ = v.save(v.patience) // logged; the next one tries again
	}
}

// save writes what is not in the store yet, if anything. It takes no longer than
// saveTimeout and storeGrace.
func (v *saver) save(ctx context.Context) error {
	if v == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	if !take(ctx, v.saving) {
		return fmt.Errorf("an earlier save has not ended: %w", ctx.Err())
	}
	defer func() { <-v.saving }()
	next := v.snapshot(time.Now())
	if same(&next, &v.last) && !v.failed {
		v.spare = next.Sessions
		return nil
	}
	err := v.use.call(ctx, "Save", func(ctx context.Context) error { return v.use.store.Save(ctx, &next) })
	if err == errStoreClosed {
		return nil
	}
	log := v.engine.config.Logger
	switch {
	case err != nil && !v.failed:
		log.Error("sessions cannot be saved; a restart now would lose them", "cause", err)
	case err == nil && v.failed:
		log.Info("sessions are saved again")
	}
	v.failed = err != nil
	switch {
	case errors.Is(err, errNotReturned):
		v.spare = nil // lent for as long as Save goes on
	case err != nil:
		v.spare = next.Sessions
	default:
		v.last, v.spare = next, v.last.Sessions
	}
	return err
}

// snapshot collects what is to be saved: the sessions of the shards of one total, that of
// the oldest that are to stay, and those that were loaded for shards which do not run.
func (v *saver) snapshot(now time.Time) session.Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	sessions := v.spare[:0]
	shards, forgotten := v.engine.staying(), v.forgotten.Load()
	if len(shards) > 0 && shards[0].total != v.total {
		v.total, v.loaded = shards[0].total, nil // the fleet was replaced
	}
	for _, shard := range shards {
		if shard.total != v.total {
			continue
		}
		if sess := shard.settledSession(); sess.Keepable() && !forgotten {
			sessions = append(sessions, session.Saved{Shard: shard.id, Session: sess})
		}
	}
	if len(v.loaded) > 0 {
		sessions = append(sessions, v.loaded...)
		slices.SortFunc(sessions, func(a, b session.Saved) int { return a.Shard - b.Shard })
	}
	return session.Snapshot{Bot: v.last.Bot, Shards: v.total, Saved: now, Budget: v.engine.Budget(), Sessions: sessions}
}

// same reports whether two snapshots of one bot differ in nothing but the time.
func same(s, o *session.Snapshot) bool {
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

// finish saves a last time and ends the use of the store. It waits for that until limit
// has ended, and then for some seconds more at most.
func (v *saver) finish(limit context.Context) error {
	if v == nil {
		return nil
	}
	defer v.giveUp()
	defer context.AfterFunc(limit, func() { time.AfterFunc(lastSave, v.giveUp) })()
	var err error
	if v.done != nil { // what was loaded is untouched otherwise
		v.ending.Do(func() { close(v.stop) })
		<-v.done
		if err = v.save(v.patience); err != nil {
			err = v.notSaved(err)
		}
	}
	if v.use == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(v.patience, saveTimeout)
	defer cancel()
	closeErr := v.use.close(ctx)
	if errors.Is(closeErr, errNotReturned) {
		closeErr = fmt.Errorf("engine: %w", closeErr)
		if err != nil {
			closeErr = nil // it is the same call that has not returned, or one behind it
		}
	}
	return errors.Join(err, closeErr)
}

// notSaved says what the last save has failed to save.
func (v *saver) notSaved(why error) error {
	last := "none was before"
	if !v.last.Saved.IsZero() {
		last = "the one before was made at " + v.last.Saved.Format(time.RFC3339)
	}
	return fmt.Errorf("%w (%s): %w", ErrSessionsNotSaved, last, why)
}

// abandon ends the use of the store where Run panicked: whoever recovers that may use
// it again.
func (v *saver) abandon() {
	if v == nil {
		return
	}
	v.ending.Do(func() { close(v.stop) })
	if v.use != nil {
		attempt(saveTimeout, func() { _ = v.use.close(v.patience) })
	}
}

// SessionsMismatchError says that saved sessions are not those of the bot, or of
// the number of shards, that is to run. Nothing was changed. It ends Run.
type SessionsMismatchError struct {
	OtherBot       bool // they belong to another token
	Saved, Running int  // numbers of shards, where these differ
}

// Error names cause and remedy.
func (e *SessionsMismatchError) Error() string {
	if e.OtherBot {
		return "engine: the saved sessions belong to another token; give Config.Sessions another place, or remove what is saved there"
	}
	return fmt.Sprintf("engine: the saved sessions are those of a bot of %d shards, but %d are to run; "+
		"set Config.Shards to %[1]d to go on with them, or remove what is saved to begin anew", e.Saved, e.Running)
}
