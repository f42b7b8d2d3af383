package state

import (
	"cmp"
	"iter"
	"slices"
)

// A guild is what is kept of one. Its shard's lock guards it. Bytes that are packed never
// change, so that readers need no lock for them.
type guild struct {
	id          uint64
	count       int64 // member_count
	unavailable bool
	stale       bool // an event could not be applied

	base rest  // its groups: compressed rows
	logs *logs // nil: all are empty, as most guilds' are
}

// logs are ops that are not applied to the groups yet.
type logs [numGroups][]byte

// packed is a guild as it is at one moment.
type packed struct {
	base rest
	logs logs
}

func (g *guild) packed() packed { return packed{g.base, *g.log()} }

var noLogs logs

// log returns the guild's logs, to be read.
func (g *guild) log() *logs {
	if g.logs == nil {
		return &noLogs
	}
	return g.logs
}

// setLog sets a group's log.
func (g *guild) setLog(of group, log []byte) {
	if g.logs == nil {
		g.logs = new(logs)
	}
	g.logs[of] = log
	for _, log := range g.logs {
		if len(log) > 0 {
			return
		}
	}
	g.logs = nil
}

// logSize is the length of all its logs.
func (g *guild) logSize() (n int) {
	for _, log := range g.log() {
		n += len(log)
	}
	return n
}

// logBound is how long a guild's logs may be at rest: long enough that to decompress and compress a
// group costs little for each event of its log, and no longer than what is compressed. The logs of
// the busiest guilds may be longer (open.go).
func (g *guild) logBound() int { return max(1024, g.base.len()) }

// A Guild is one of a shard's guilds.
type Guild struct {
	ID          uint64
	Unavailable bool // Discord has said that it is unavailable, or has not said anything yet: there is no GUILD_CREATE
	Stale       bool // an event about it could not be applied, so that it may lack what this changed

	shard *Shard
	guild *guild
}

// Guilds yields the shard's guilds as of now, by rising ids.
func (s *Shard) Guilds() iter.Seq[Guild] {
	return func(yield func(Guild) bool) {
		for _, g := range s.sorted() {
			if !yield(g) {
				return
			}
		}
	}
}

func (s *Shard) sorted() []Guild {
	s.mu.Lock()
	list := make([]Guild, 0, len(s.guilds))
	for _, g := range s.guilds {
		list = append(list, Guild{ID: g.id, Unavailable: g.unavailable, Stale: g.stale, shard: s, guild: g})
	}
	s.mu.Unlock()
	slices.SortFunc(list, func(a, b Guild) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// AppendCreate appends the d of a GUILD_CREATE as of now. On an error it returns dst as it was.
// The shard's writer is not held up meanwhile.
func (g Guild) AppendCreate(dst []byte) ([]byte, error) {
	if g.shard == nil {
		return dst, ErrUnavailable
	}
	d, p, ok := g.shard.view(g.guild)
	if !ok {
		return dst, ErrUnavailable
	}
	return appendCreate(dst, g.shard.dict, d, &p)
}

// view returns what AppendCreate needs of a guild. It reports false if there is none.
func (s *Shard) view(g *guild) (d decoder, p packed, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if g.unavailable || s.guilds[g.id] != g {
		return d, p, false
	}
	return decoder{guild: g.id, count: g.count}, g.packed(), true
}
