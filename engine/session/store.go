package session

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// Store keeps what a bot must not forget when its process ends: the
// sessions of its shards, so that the next process resumes them and no event is
// lost, and what is left of the day's identifies. [File] and
// [Memory] come with the package; one of your own, for a database say, may use
// [Snapshot.AppendText] and [Parse].
//
// A store has one user at a time: an engine begins with Load and ends with Close,
// and calls one method at a time, none of them in a loop. Two engines that resumed the
// same sessions would take them from each other for ever; in one process the second
// waits until the first has closed the store.
//
// No method is waited for without a limit: Load has two minutes, Save and Close 10 s,
// at the end of Run what is left of the time for the shutdown, and 2 s at least. Their
// contexts say so, and a second after the end of that the engine goes on without them. What
// such a call does then still comes before any other: the store is not called again, by
// this engine or the next, until it has returned.
type Store interface {
	// Load begins the use of the store and returns what was saved last, or nil
	// if nothing was; the snapshot is the caller's. It waits, within ctx, for
	// another user to end. A [*DamagedError] has the engine go on without
	// sessions; any other error ends Run, as does a snapshot that makes no sense.
	Load(ctx context.Context) (*Snapshot, error)

	// Save replaces what was saved, wholly or not at all. The snapshot is
	// borrowed until Save returns. An error is logged, and the next save, 5 s
	// later, tries again.
	Save(ctx context.Context, s *Snapshot) error

	// Close ends the use of the store, also after a Load that failed. Load may
	// be called again.
	Close() error
}

// Snapshot is what a [Store] keeps.
type Snapshot struct {
	// Bot tells whose sessions these are: see engine.Token.Hash.
	Bot string

	// Shards is the number of shards that the bot's guilds are spread over
	// (Shards.Total). A session belongs to a shard out of so many.
	Shards int

	// Saved is when the snapshot was made.
	Saved time.Time

	// Budget is what is known of the identifies that are left; Total 0 where
	// nothing is. Its Reserve, which is the configuration's, is not kept.
	Budget identify.Budget

	// Sessions are by shard id, ascending, with at most one for each shard.
	Sessions []Saved
}

// Saved is the session of one shard.
type Saved struct {
	Shard int // the shard's id
	Session
}

// clone returns a copy that shares nothing.
func (s *Snapshot) clone() *Snapshot {
	c := *s
	c.Sessions = slices.Clone(s.Sessions)
	return &c
}

// Memory is a [Store] in memory: it hands sessions from one engine
// to the next one of the same process. The zero value is empty.
type Memory struct {
	mu    sync.Mutex
	saved *Snapshot
}

// Load implements [Store].
func (m *Memory) Load(ctx context.Context) (*Snapshot, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved == nil {
		return nil, ctx.Err()
	}
	return m.saved.clone(), ctx.Err()
}

// Save implements [Store].
func (m *Memory) Save(_ context.Context, s *Snapshot) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.saved = s.clone()
	return nil
}

// Close implements [Store].
func (m *Memory) Close() error { return nil }
