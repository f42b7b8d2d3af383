package bridge

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/journal"
	"github.com/sluice-go/sluice/engine"
	store "github.com/sluice-go/sluice/engine/session"
)

// This file is for processes that run a bot together, each with a directory of its own: sessions towards Discord lie where all
// can take them up, and what bots begin with lies with who had the shard last. A journal is of use only if nobody else has had
// its shard since:
//
//   - Whoever takes a shard over without its state begins a new session, so that the journal is of another one.
//   - Whoever gets it with its state goes on with the session, so that the journal is removed before that.
//   - What is saved of a sequence is never behind the journal (Flush), so that a journal which ends in front of the
//     sequence is not the last one.

// Take takes the directory for this process, in the place of [Data.Sessions], where sessions towards Discord are kept elsewhere.
// It waits for a process that uses it, for 30 s at most. [Bridge.Restore] then has shards go on, before the engine attaches
// them; [Data.Flush] comes before sequences are saved, and [Data.Close] at the end.
func (d *Data) Take(ctx context.Context) error {
	defer d.first.Do(func() { close(d.loaded) })
	var damaged *store.DamagedError
	if _, err := d.store.Load(ctx); err != nil && !errors.As(err, &damaged) { // for its lock; what it has is of no use here
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bridge == nil {
		return errors.Join(errors.New("bridge: no bridge has the Data: set bridge.Config.Data"), d.store.Close())
	}
	d.open = true
	d.removeOld(time.Now())
	return nil
}

// maxJournalAge is how old a journal may be: Discord keeps no session for so long.
const maxJournalAge = time.Hour

// removeOld removes journals that nobody can go on from.
func (d *Data) removeOld(now time.Time) {
	names, _ := filepath.Glob(filepath.Join(d.dir, journalPattern)) // of a pattern that is right
	for _, name := range names {
		if info, err := os.Stat(name); err == nil && now.Sub(info.ModTime()) > maxJournalAge {
			_ = os.Remove(name) // it does no harm if it stays
		}
	}
}

// Restore has shards that the engine is about to attach go on from their journals, as far as these are of the sessions that
// the shards have. Without Data it does nothing.
func (b *Bridge) Restore(specs []engine.ShardSpec) {
	d := b.config.Data
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.open {
		return
	}
	var reading sync.WaitGroup
	for _, spec := range specs {
		if _, comes := b.restored.Load(place{spec.ID, spec.Total}); comes || spec.Session.ID == "" {
			continue // a peer has handed it over
		}
		if _, err := os.Stat(d.name(spec.ID, spec.Total)); errors.Is(err, os.ErrNotExist) {
			continue
		}
		reading.Go(func() { b.restore(d, spec.ID, spec.Total, spec.Session.ID, spec.Session.Seq) })
	}
	reading.Wait()
}

// drop removes a shard's journal: somebody else goes on with the shard. Another one is written only when the shard has come
// back.
func (k *keeper) drop() error {
	d := k.shard.bridge.config.Data
	d.mu.Lock()
	defer d.mu.Unlock()
	k.gone.Store(true)
	k.close()
	if err := os.Remove(d.name(k.shard.id, k.shard.total)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// end writes all that there is, for the next process, and nothing more.
func (k *keeper) end() error {
	d := k.shard.bridge.config.Data
	d.mu.Lock()
	defer d.mu.Unlock()
	var err error
	if k.w == nil {
		err = k.rewrite()
	} else {
		err = k.persist()
	}
	k.gone.Store(true)
	k.close()
	return err
}

// leave writes nothing more, and lets go of the journal, which stays: the shard is gone.
func (k *keeper) leave() {
	if k == nil {
		return
	}
	d := k.shard.bridge.config.Data
	d.mu.Lock()
	defer d.mu.Unlock()
	k.gone.Store(true)
	k.close()
}

// seen writes up to where the journal has all, if that has moved.
func (k *keeper) seen(seq int64) error {
	if seq <= k.noted || k.shard.bridge.config.Peers == nil {
		return nil
	}
	k.noted = seq
	return k.w.Append(journal.Seen, encoded(&seenRecord{seq}))
}

// retire has a shard that was here before, and that the engine let go of a moment ago, write nothing more over the journal of
// the one that has its place.
func (b *Bridge) retire(sh *shard) {
	if sh.keeper == nil || b.config.Peers == nil {
		return
	}
	for _, other := range b.all() {
		if other != sh && other.id == sh.id && other.total == sh.total {
			other.keeper.gone.Store(true)
		}
	}
}
