package bridge

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	store "github.com/sluice-go/sluice/engine/session"
)

// Data is a directory in which a bridge outlives its process, also one that is killed: the sessions towards Discord,
// and for each shard a journal of what bots begin with, their sessions, and the events that they may yet ask for.
//
//	data, err := bridge.OpenData("/var/lib/sluice")
//	eng, err := engine.New(engine.Config{Sessions: data.Sessions(), …})
//	b, err := bridge.New(bridge.Config{Engine: eng, Data: data, …})
//
// An event counts as delivered, so that Discord is not asked for it again, when it is in the journal. What Discord
// sends a second time after a kill is recognised and left out.
type Data struct {
	dir    string
	store  store.Store
	first  sync.Once
	loaded chan struct{} // closed when the first Load has ended

	mu     sync.Mutex // one use of the files at a time
	bridge *Bridge    // nil before New
	open   bool       // between the store's Load and Close: the files are this process's
}

// OpenData returns the data of a directory, which it makes if there is none, for the user alone.
func OpenData(dir string) (*Data, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("bridge: cannot use the data directory: %w", err)
	}
	return &Data{dir: dir, store: store.NewFile(filepath.Join(dir, "sessions.json")), loaded: make(chan struct{})}, nil
}

// Sessions returns what has to be the Sessions of the engine's Config: each save writes the journals first.
func (d *Data) Sessions() store.Store { return (*dataStore)(d) }

// dataStore is a Data as the engine sees it.
type dataStore Data

// Load implements [session.Store]. Once it has the sessions, no other process uses the directory; then the journals
// are read. A session without its journal is left out, and its shard identifies: READY and the guilds, which bots
// begin with, come with a new session alone. Likewise a journal without its session is of no use.
func (s *dataStore) Load(ctx context.Context) (*store.Snapshot, error) {
	d := (*Data)(s)
	defer d.first.Do(func() { close(d.loaded) })
	saved, err := s.store.Load(ctx)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.bridge == nil {
		return nil, errors.Join(err, errors.New("bridge: the engine's Config.Sessions is of a Data that no bridge has: set bridge.Config.Data"))
	}
	d.open = true
	if err != nil || saved == nil {
		return saved, err
	}
	kept, files := saved.Sessions[:0], map[string]bool{}
	for _, one := range saved.Sessions {
		if d.bridge.restore(d, one.Shard, saved.Shards, one.ID, 0) {
			kept = append(kept, one)
			files[d.name(one.Shard, saved.Shards)] = true
		}
	}
	saved.Sessions = kept
	d.clean(files)
	return saved, nil
}

// journalPattern is of all journals, and of those that are being written.
const journalPattern = "shard-*-of-*.journal*"

// clean removes journals that nothing goes on from: of other totals, or cut off while they were written.
func (d *Data) clean(kept map[string]bool) {
	names, _ := filepath.Glob(filepath.Join(d.dir, journalPattern)) // of a pattern that is right
	for _, name := range names {
		if !kept[name] {
			_ = os.Remove(name) // it does no harm if it stays
		}
	}
}

// Save implements [session.Store].
func (s *dataStore) Save(ctx context.Context, snapshot *store.Snapshot) error {
	if err := (*Data)(s).Flush(); err != nil {
		return err
	}
	return s.store.Save(ctx, snapshot)
}

// Close implements [session.Store].
func (s *dataStore) Close() error { return (*Data)(s).Close() }

// Close writes what is not written yet, and ends the use of the directory. What bots do from here on is not kept. The engine
// calls it, where it has [Data.Sessions]; after [Data.Take] it is the caller's to do.
func (d *Data) Close() error {
	d.mu.Lock()
	var shards []*shard
	if d.bridge != nil {
		shards = d.bridge.all()
	}
	for _, sh := range shards {
		sh.keeper.again = time.Time{} // there is no later
	}
	err := d.flush()
	d.open = false
	for _, sh := range shards {
		sh.keeper.close()
	}
	d.mu.Unlock()
	return errors.Join(err, d.store.Close())
}

// Flush writes to the journals what is not in them yet. After [Data.Take], it has to be called before sequences are saved, and
// these be as of before the call, so that Discord sends again all that a journal may lack.
func (d *Data) Flush() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.flush()
}

// flush is Flush with mu held.
func (d *Data) flush() error {
	if !d.open {
		return nil
	}
	var errs []error
	for _, sh := range d.bridge.all() {
		if err := sh.keeper.persist(); err != nil {
			errs = append(errs, fmt.Errorf("bridge: the journal of shard %d is not written: %w", sh.id, err))
		}
	}
	return errors.Join(errs...)
}

// run writes journals when a shard wants it, and at least once a second, until quit is closed.
func (d *Data) run(wake <-chan struct{}, quit <-chan struct{}) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var told time.Time
	for {
		select {
		case <-wake:
		case <-tick.C:
		case <-quit:
			return
		}
		if err := d.Flush(); err != nil && time.Since(told) >= keeperPause {
			told = time.Now()
			d.bridge.logger.Error("what bots may ask for after a restart is not kept: see to the disk", "cause", err)
		}
	}
}

// name returns the file of a shard's journal.
func (d *Data) name(id, total int) string {
	return filepath.Join(d.dir, fmt.Sprintf("shard-%d-of-%d.journal", id, total))
}
