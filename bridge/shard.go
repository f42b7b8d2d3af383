package bridge

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/state"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// shard is what the bridge has of one of the engine's: its state, its log, and the bot sessions on it.
type shard struct {
	bridge    *Bridge
	id, total int
	up        atomic.Pointer[engine.Shard] // nil: the engine does not have it yet
	adopted   chan struct{}                // closed when it has
	intents   gateway.Intents
	state     *state.Shard
	commands  commands
	keeper    *keeper   // nil: nothing is kept
	until     time.Time // of a shard that was handed over: how long the engine has to have it

	mu       sync.Mutex // never waited for with anything slow held; the engine's callback takes it
	ready    bool       // Discord's session goes on, and the state is of it
	complete bool       // each guild of its READY has come, or is known to be unavailable
	upstream string     // that session's ID, "" before the first
	seq      int64      // of its last event
	restored bool       // Discord may yet send again what the shard has from its journal
	stranger string     // the session that follows has refused
	handed   bool       // a peer has handed it over, and no event has come since
	leaving  bool       // it is being handed over to a peer
	doubts   int        // how often in a row the shard was in doubt, see heedDoubts
	log      eventlog.Log
	wanted   gateway.EventSet // what any session takes
	sessions []*session
	waiting  map[*conn]struct{} // identifies that came before ready
	number   uint32             // of the session that began last
	turn     int                // of those who share
	owners   eventlog.Owners    // memory for append
	due      []*session         // were idle when an event came, see writeDue and notifyDue
	dueSpare []*session         // room for them, while they are written to

	// For the journal, see keeper.
	kept  int64      // the index of the last event in it
	bytes int64      // the log's Total at that event
	began []*session // that are not in it yet
	over  []string   // IDs of sessions that are over, but not in it
	anew  bool       // it is to be written anew
}

func newShard(b *Bridge, id, total int) *shard {
	sh := &shard{
		bridge: b, id: id, total: total,
		state:   state.NewShard(state.Config{Members: b.config.Members, Dictionary: b.dictionary}),
		waiting: make(map[*conn]struct{}), adopted: make(chan struct{}),
	}
	sh.log.Limit = max(minShardBytes, b.config.ReplayBytes/total)
	if b.config.ReplayBytes == 0 {
		sh.log.Limit = max(defaultShardBytes, defaultReplayBytes/total)
	}
	sh.commands.shard = sh
	if b.config.Data != nil {
		sh.keeper = &keeper{shard: sh}
	}
	return sh
}

// adopt has the shard be one of the engine's, once.
func (sh *shard) adopt(up *engine.Shard) {
	if sh.intents == 0 {
		sh.intents = up.View().Settings.Intents
	}
	sh.up.Store(up)
	close(sh.adopted)
}

// minShardBytes is the least that a shard's log may hold.
const minShardBytes = 256 << 10

// maxLag is how far a connected bot may be behind, in bytes.
func (sh *shard) maxLag() int64 {
	if lag := sh.bridge.config.MaxLag; lag > 0 {
		return int64(lag)
	}
	return int64(sh.log.Limit / 2)
}

// append adds an event for all sessions that want it, or for its owners. Whoever has nothing else to do is due to
// write it. The caller holds mu.
func (sh *shard) append(now time.Time, e *eventlog.Event) {
	_, opened := sh.log.Append(now, e)
	if opened && sh.keeper != nil && sh.log.Full(sh.bytes, 0.25) {
		sh.bridge.poke()
	}
	for _, s := range sh.sessions {
		switch {
		case s.idle.Load():
			if opened || s.events.Has(e.Type) || e.Private {
				s.idle.Store(false)
				sh.due = append(sh.due, s)
			}
		case opened:
			s.checkLag(sh.log.Total(), sh.maxLag())
		}
	}
}

// ownersOf chooses who has an event, among those who share: one for each name, in turn, and connected if any
// is. The caller holds mu.
func (sh *shard) ownersOf(t gateway.EventType) eventlog.Owners {
	owners := sh.owners[:0]
	sh.turn++
	for i, s := range sh.sessions {
		if !s.client.shares || slices.ContainsFunc(sh.sessions[:i], func(o *session) bool { return o.client == s.client }) {
			continue
		}
		var group, connected []*session
		for _, o := range sh.sessions[i:] {
			if o.client == s.client && o.events.Has(t) {
				group = append(group, o)
				if o.conn.Load() != nil {
					connected = append(connected, o)
				}
			}
		}
		if len(connected) > 0 {
			group = connected
		}
		if len(group) > 0 {
			owners = owners.Append(group[sh.turn%len(group)].number)
		}
	}
	sh.owners = owners
	return owners
}

// maxAway is how many sessions of one bot may be away from a shard. A bot that identifies again and again
// would otherwise leave any number behind.
const maxAway = 8

// crowded returns the session that a bot was away from for longest, if it left as many as it may. The caller
// holds mu.
func (sh *shard) crowded(of *client) (oldest *session) {
	away := 0
	for _, s := range sh.sessions {
		if s.client != of || s.conn.Load() != nil {
			continue
		}
		if away++; oldest == nil || s.away.Load() < oldest.away.Load() {
			oldest = s
		}
	}
	if away < maxAway {
		return nil
	}
	return oldest
}

// add makes a session one of the shard's. The caller holds mu.
func (sh *shard) add(s *session) {
	sh.number++
	s.number = sh.number
	sh.sessions = append(sh.sessions, s)
	sh.wanted = sh.wanted.Union(s.events)
	if sh.keeper != nil {
		sh.began = append(sh.began, s)
		sh.bridge.poke() // a kill now would have the bot begin anew
	}
}

// remove takes a session away, and the log with the last one. The caller holds mu.
func (sh *shard) remove(s *session) {
	sh.sessions = slices.DeleteFunc(sh.sessions, func(o *session) bool { return o == s })
	sh.wanted = gateway.EventSet{}
	for _, o := range sh.sessions {
		sh.wanted = sh.wanted.Union(o.events)
	}
	if sh.keeper != nil {
		sh.over = append(sh.over, s.id)
	} else if len(sh.sessions) == 0 && !sh.leaving {
		sh.log.Clear()
	}
}

// writesDown reports whether the log has to have all that the state needs, since somebody follows the state by it. The
// caller holds mu.
func (sh *shard) writesDown() bool { return sh.keeper != nil || sh.leaving }

// keptUpTo notes what is in the journal, and wakes who waited for that.
func (sh *shard) keptUpTo(c *eventlog.Cursor) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	sh.kept, sh.bytes = c.Next-1, c.Bytes()
	for _, s := range sh.sessions {
		if s.gated.CompareAndSwap(true, false) {
			s.wake()
		}
	}
}

// tend is called once a second: it lets go of what is too old, and has sessions that nothing came for move on
// in the log.
func (sh *shard) tend(now time.Time) {
	oldest := now.Add(-sh.bridge.config.Replay)
	sh.mu.Lock()
	var gone []*session
	for _, s := range sh.sessions {
		if s.conn.Load() == nil && s.awaySince().Before(oldest) {
			gone = append(gone, s)
		} else if s.idle.Load() && s.read.Load() < sh.log.Total() {
			s.wake()
		}
	}
	sh.log.Trim(oldest)
	sh.mu.Unlock()
	for _, s := range gone {
		if s.expire(oldest) {
			sh.bridge.logger.Info("a bot stayed away for too long: its session is over", "bot", s.client.name, "shard", sh.id, "session", s.id)
		}
	}
}

// mayBegin reports whether a bot may begin. Those that share begin with all guilds: of what comes later, each gets
// a part alone. The caller holds mu.
func (sh *shard) mayBegin(c *client) bool { return sh.ready && (sh.complete || !c.shares) }

// invite has all identifies that wait try again. The caller does not hold mu.
func (sh *shard) invite() {
	sh.mu.Lock()
	waiting := sh.waiting
	sh.waiting = make(map[*conn]struct{})
	sh.mu.Unlock()
	for c := range waiting {
		c.notify()
	}
}

// invalidate ends all sessions: events of theirs are lost. Whoever is connected is told. ready says whether
// others may begin at once.
func (sh *shard) invalidate(ready bool) (ended int) {
	sh.mu.Lock()
	sessions := sh.sessions
	sh.sessions, sh.wanted, sh.ready, sh.restored = nil, gateway.EventSet{}, ready, false
	sh.log.Clear()
	sh.mu.Unlock()
	for _, s := range sessions {
		s.lose()
	}
	return len(sessions)
}
