package state

import (
	"sync"

	"github.com/sluice-go/sluice/gateway"
)

// Config is how a shard keeps its state. The zero value keeps no members, and shares nothing.
type Config struct {
	// Members keeps all members and presences that GUILD_CREATE lists, instead of those members alone
	// that the package's page names.
	Members bool

	// Dictionary is shared by shards that have one bot. nil stands for one of the shard's own.
	Dictionary *Dictionary
}

// A Shard keeps what a bot must be told that begins on a shard: READY, and each guild as of now. It
// is safe for concurrent use: Apply is called by one writer, the engine's callback, and all else
// by bots that begin, which do not hold the writer up.
type Shard struct {
	config Config
	dict   *Dictionary

	mu        sync.Mutex
	bot       uint64 // the bot's user
	ready     []byte // READY as a row, without guilds; nil: none
	guilds    map[uint64]*guild
	open      []open   // guilds with long logs, the one that was changed last in front (open.go)
	openBytes int      // as of maxOpenBytes
	digests   []digest // of lists, the one that came last in front (whole.go)
	events    uint64
	errors    uint64

	*scratch // while an event is applied; otherwise nil
}

// NewShard returns a shard that knows nothing.
func NewShard(config Config) *Shard {
	if config.Dictionary == nil {
		config.Dictionary = NewDictionary()
	}
	return &Shard{config: config, dict: config.Dictionary, guilds: make(map[uint64]*guild)}
}

// Events returns the events that change state. All others cost nothing.
func (s *Shard) Events() gateway.EventSet { return Events() }

// Events returns the events that change a shard's state. [Shard.Apply] ignores all others.
func Events() gateway.EventSet { return changing }

// HasReady reports whether there is a READY to be told.
func (s *Shard) HasReady() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ready != nil
}

// Reset forgets everything: a new session begins, and READY will tell all anew. Apply of READY does
// this itself.
func (s *Shard) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.reset()
}

func (s *Shard) reset() {
	s.bot, s.ready = 0, nil
	s.open, s.openBytes, s.digests = nil, 0, nil
	clear(s.guilds)
}

// Stats is what a shard's state takes, and what it did.
type Stats struct {
	Guilds      int   // all that the bot is in
	Unavailable int   // of them, those without a GUILD_CREATE
	Stale       int   // of them, those for which an event could not be applied
	Bytes       int64 // at rest: the guilds' compressed groups and logs
	LogBytes    int64 // of Bytes: logs

	DictionaryBytes int64 // what the dictionary takes, that shards may share

	Events uint64 // that were applied
	Errors uint64 // events that could not be
}

// Stats returns figures as of now. It takes time for each guild.
func (s *Shard) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	stats := Stats{Guilds: len(s.guilds), Events: s.events, Errors: s.errors, DictionaryBytes: s.dict.bytes()}
	for _, g := range s.guilds {
		if g.unavailable {
			stats.Unavailable++
		}
		if g.stale {
			stats.Stale++
		}
		stats.Bytes += int64(g.base.len())
		for _, log := range g.log() {
			stats.LogBytes += int64(cap(log))
		}
	}
	stats.Bytes += stats.LogBytes
	return stats
}
