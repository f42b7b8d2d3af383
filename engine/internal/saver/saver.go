// Package saver keeps an engine's sessions in its store as new as it is promised. A store
// is anybody's code: each of its methods is called one at a time, by one engine at a time,
// and never waited for without a bound.
package saver

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/guard"
	"github.com/sluice-go/sluice/engine/session"
)

const (
	// SaveDelay is how long a session that begins or ends waits for others, so
	// that a fleet that becomes ready at once is one save.
	SaveDelay = 250 * time.Millisecond

	// SaveEvery is how old a saved sequence may become, unless users want another time.
	SaveEvery = 5 * time.Second

	// SaveTimeout is how long one save may take, and lastSave the last one at the
	// least, even where the time for the shutdown is over: the next start depends on it.
	SaveTimeout = 10 * time.Second
	lastSave    = 2 * time.Second

	// LoadTimeout is how long Load may take: longer than most processes need to end.
	LoadTimeout = 2 * time.Minute

	// LoadPatience is after how long the log says that Load waits.
	LoadPatience = time.Second
)

// Config is what a Saver is given. All of it is required.
type Config struct {
	Store  session.Store
	Bot    string // the hash of the token
	Logger *slog.Logger
	Every  time.Duration // how old a saved sequence may become

	// Sessions appends those that are to be saved, by shard, and returns of how many
	// shards they are: of one total alone. 0: there are no shards.
	Sessions func(into []session.Saved) (total int, sessions []session.Saved)

	// Budget is saved too.
	Budget func() identify.Budget

	// Guarded does something that may panic.
	Guarded func(do func())
}

// Saver keeps sessions in a store. A nil Saver does nothing. It has a goroutine of its
// own: no loop waits for a disk.
type Saver struct {
	config Config
	use    *storeUse     // nil: the store is used by another engine
	wake   chan struct{} // something is to be saved soon
	stop   chan struct{}
	ending sync.Once     // closes stop
	done   chan struct{} // nil: not started

	patience context.Context // nothing waits for the store once it has ended
	giveUp   context.CancelFunc

	forgotten atomic.Bool // see Forget

	saving chan struct{}    // holds a value during a save; guards what follows
	last   session.Snapshot // what is in the store, unless failed
	spare  []session.Saved  // for the next snapshot
	failed bool             // the last save

	mu     sync.Mutex      // is not held during a save
	total  int             // of the shards whose sessions are kept
	loaded []session.Saved // those that no shard has taken over, by shard
}

// New returns a Saver that has not begun. It is to be loaded first.
func New(config Config) *Saver {
	v := &Saver{
		config: config,
		wake:   make(chan struct{}, 1), stop: make(chan struct{}), saving: make(chan struct{}, 1),
		last: session.Snapshot{Bot: config.Bot},
	}
	v.patience, v.giveUp = context.WithCancel(context.Background())
	return v
}

// Load begins the use of the store, and returns what was saved last, nil if that was
// nothing, or nothing that can be used, which the log tells. The error ends an engine.
func (v *Saver) Load(ctx context.Context) (*session.Snapshot, error) {
	log := v.config.Logger
	slow := time.AfterFunc(LoadPatience, func() {
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
		return nil, nil
	case err != nil:
		return nil, err
	case saved == nil:
		log.Info("no sessions are saved yet; shards identify")
		return nil, nil
	case saved.Bot != v.last.Bot:
		return nil, &session.MismatchError{OtherBot: true}
	}
	v.last, v.loaded = *saved, slices.Clone(saved.Sessions)
	if len(saved.Sessions) > 0 {
		v.total = saved.Shards // without sessions any number will do
	}
	log.Info("sessions loaded; their shards resume", "sessions", len(saved.Sessions), "saved", saved.Saved.Format(time.RFC3339))
	return saved, nil
}

// Total returns of how many shards the sessions are that were loaded, 0 if there are
// none.
func (v *Saver) Total() int {
	if v == nil {
		return 0
	}
	return v.total
}

// load asks the store for what is saved, for LoadTimeout at most.
func (v *Saver) load(ctx context.Context) (*session.Snapshot, error) {
	limited, cancel := context.WithTimeout(ctx, LoadTimeout)
	defer cancel()
	var saved atomic.Pointer[session.Snapshot] // an abandoned Load may still write it
	use, err := enterStore(limited, v.config.Store, v.config.Guarded)
	if err == nil {
		v.use = use
		err = use.call(limited, "Load", func(ctx context.Context) error {
			s, err := use.store.Load(ctx)
			saved.Store(s)
			return err
		})
	}
	if err != nil && limited.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("engine: the saved sessions did not come within %v: %w", LoadTimeout, err)
	}
	if err != nil {
		return nil, err
	}
	return saved.Load(), nil
}

// Begin starts to save, once the number of shards is known.
func (v *Saver) Begin(total int) error {
	if v == nil {
		return nil
	}
	if v.total == 0 {
		v.total = total
	}
	if v.total != total {
		return &session.MismatchError{Saved: v.total, Running: total}
	}
	v.done = make(chan struct{})
	go func() {
		defer close(v.done)
		v.config.Guarded(v.run)
	}()
	return nil
}

// Saved returns the session that was loaded for a shard, zero if none was. The
// shard keeps it from then on.
func (v *Saver) Saved(shard, total int) session.Session {
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

// HandOver drops the session that was loaded for a shard: what becomes of it is with
// the shard now, also where that leaves before the next save.
func (v *Saver) HandOver(shard, total int) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if i, found := v.find(shard); found && total == v.total {
		v.loaded = slices.Delete(v.loaded, i, i+1)
	}
}

// find returns where among the loaded sessions that of a shard is.
func (v *Saver) find(shard int) (i int, found bool) {
	return slices.BinarySearchFunc(v.loaded, shard, func(s session.Saved, id int) int { return s.Shard - id })
}

// Poke has everything saved soon.
func (v *Saver) Poke() {
	if v == nil {
		return
	}
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// run saves what there is to save until stop is closed.
func (v *Saver) run() {
	every := time.NewTicker(v.config.Every)
	defer every.Stop()
	var soon <-chan time.Time
	for {
		select {
		case <-v.wake:
			if soon == nil {
				soon = time.After(SaveDelay)
			}
			continue
		case <-soon:
		case <-every.C:
		case <-v.stop:
			return
		}
		soon = nil
		_ = v.Save(v.patience) // logged; the next one tries again
	}
}

// Save writes what is not in the store yet, if anything. It takes no longer than
// SaveTimeout and storeGrace.
func (v *Saver) Save(ctx context.Context) error {
	if v == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, SaveTimeout)
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
	log := v.config.Logger
	switch {
	case err != nil && !v.failed:
		log.Error("sessions cannot be saved; a restart now would lose them", "cause", err)
	case err == nil && v.failed:
		log.Info("sessions are saved again")
	}
	v.failed = err != nil
	switch {
	case errors.Is(err, ErrNotReturned):
		v.spare = nil // lent for as long as Save goes on
	case err != nil:
		v.spare = next.Sessions
	default:
		v.last, v.spare = next, v.last.Sessions
	}
	return err
}

// snapshot collects what is to be saved: the sessions of the shards that run, and those
// that were loaded for shards which do not.
func (v *Saver) snapshot(now time.Time) session.Snapshot {
	v.mu.Lock()
	defer v.mu.Unlock()
	total, sessions := v.config.Sessions(v.spare[:0])
	if total > 0 && total != v.total {
		v.total, v.loaded = total, nil // the fleet was replaced
	}
	if v.forgotten.Load() {
		sessions = sessions[:0]
	}
	if len(v.loaded) > 0 {
		sessions = append(sessions, v.loaded...)
		slices.SortFunc(sessions, func(a, b session.Saved) int { return a.Shard - b.Shard })
	}
	return session.Snapshot{Bot: v.last.Bot, Shards: v.total, Saved: now, Budget: v.config.Budget(), Sessions: sessions}
}

// same reports whether two snapshots of one bot differ in nothing but the time.
func same(s, o *session.Snapshot) bool {
	return s.Shards == o.Shards && slices.Equal(s.Sessions, o.Sessions) &&
		s.Budget.Total == o.Budget.Total && s.Budget.Remaining == o.Budget.Remaining && s.Budget.ResetAt.Equal(o.Budget.ResetAt)
}

// Forget has the sessions of shards that run not be saved any more: they end with
// the engine, also where a callback keeps its shard from saying so.
func (v *Saver) Forget() {
	if v != nil {
		v.forgotten.Store(true)
	}
}

// Finish saves a last time and ends the use of the store. It waits for that until limit
// has ended, and then for some seconds more at most.
func (v *Saver) Finish(limit context.Context) error {
	if v == nil {
		return nil
	}
	defer v.giveUp()
	defer context.AfterFunc(limit, func() { time.AfterFunc(lastSave, v.giveUp) })()
	var err error
	if v.done != nil { // what was loaded is untouched otherwise
		v.ending.Do(func() { close(v.stop) })
		<-v.done
		if err = v.Save(v.patience); err != nil {
			err = v.notSaved(err)
		}
	}
	if v.use == nil {
		return err
	}
	ctx, cancel := context.WithTimeout(v.patience, SaveTimeout)
	defer cancel()
	closeErr := v.use.close(ctx)
	if errors.Is(closeErr, ErrNotReturned) {
		closeErr = fmt.Errorf("engine: %w", closeErr)
		if err != nil {
			closeErr = nil // it is the same call that has not returned, or one behind it
		}
	}
	return errors.Join(err, closeErr)
}

// notSaved says what the last save has failed to save.
func (v *Saver) notSaved(why error) error {
	last := "none was before"
	if !v.last.Saved.IsZero() {
		last = "the one before was made at " + v.last.Saved.Format(time.RFC3339)
	}
	return fmt.Errorf("%w (%s): %w", session.ErrNotSaved, last, why)
}

// Abandon ends the use of the store where its engine panicked: whoever recovers that may
// use it again.
func (v *Saver) Abandon() {
	if v == nil {
		return
	}
	v.ending.Do(func() { close(v.stop) })
	if v.use != nil {
		guard.Attempt(SaveTimeout, func() { _ = v.use.close(v.patience) })
	}
}
