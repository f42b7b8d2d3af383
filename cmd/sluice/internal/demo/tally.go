package demo

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/lazyjson"
)

// tally counts by sequence what callbacks got, apart from the engine's own
// counting, which is what it is there to check.
type tally struct {
	shards    []shardTally
	latencies []histogram // of the first shards, which are probes; guarded by their tallies
	timing    atomic.Bool // latencies count

	identifies identifyTally
}

// shardTally is touched by its shard's callbacks, and read at the end. It is small:
// what it holds counts as memory of the shard.
type shardTally struct {
	mu       sync.Mutex
	sessions []sessionTally // the last is the present one
	guilds   int            // GUILD_CREATE since READY
	resumes  int
	beats    int // heartbeats that were acknowledged
}

// sessionTally is what came of one session.
type sessionTally struct {
	id         string
	last       int64 // the highest sequence
	duplicates int64
	gone       int64 // sequences that were jumped over, and not announced before

	announced []gatewaytest.Span // sequences that were jumped over, and announced before
	over      bool               // the session was announced as lost from the right sequence on
	mistakes  int                // announcements that do not fit what came
}

func newTally(shards, probes, maxConcurrency int) *tally {
	return &tally{
		shards:     make([]shardTally, shards),
		latencies:  make([]histogram, probes),
		identifies: identifyTally{last: make([]time.Time, maxConcurrency)},
	}
}

// events returns the events that the tally is a callback of.
func (t *tally) events() gateway.EventSet {
	return gateway.AllDispatches().Union(gateway.Events(
		gateway.EventSessionLost, gateway.EventStateChanged, gateway.EventHeartbeatACK))
}

// event is the callback.
func (t *tally) event(ev *engine.Event) {
	id := ev.Shard.ID()
	if change, ok := ev.StateChange(); ok {
		if change.To == lifecycle.Identifying {
			t.identifies.sent(id, time.Now())
		}
		return
	}
	s := &t.shards[id]
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev.Type {
	case gateway.EventResumed:
		s.resumes++
		return // takes no sequence of its own
	case gateway.EventHeartbeatACK:
		s.beats++
		return
	case gateway.EventSessionLost:
		if lost, ok := ev.SessionLost(); ok {
			s.lose(lost)
		}
		return
	case gateway.EventReady:
		s.ready(ev)
	case gateway.EventGuildCreate:
		s.guilds++
	}
	if ev.Seq > 0 {
		s.count(ev.Seq)
	}
	if id < len(t.latencies) && t.timing.Load() {
		t.latencies[id].probe(ev)
	}
}

// ready begins a session. The one before it must have been announced as lost.
func (s *shardTally) ready(ev *engine.Event) {
	id, err := lazyjson.ValueOf(ev.Data).Get("session_id").AppendString(nil)
	if err != nil {
		id = []byte("?")
	}
	s.begin(string(id))
}

func (s *shardTally) begin(session string) {
	if c := s.current(); c != nil && !c.over {
		c.mistakes++
	}
	s.sessions = append(s.sessions, sessionTally{id: session})
	s.guilds = 0
}

// current returns the present session, nil if there is none.
func (s *shardTally) current() *sessionTally {
	if len(s.sessions) == 0 {
		return nil
	}
	return &s.sessions[len(s.sessions)-1]
}

// lose takes the announcement that events may be missing. It must name the
// sequence behind the last one that came.
func (s *shardTally) lose(lost lifecycle.SessionLost) {
	c := s.current()
	switch {
	case c == nil:
	case lost.Session != c.id || lost.From != c.last+1 || c.over:
		c.mistakes++
	case lost.To == 0:
		c.over = true
	case lost.To < lost.From:
		c.mistakes++
	default:
		c.announced = append(c.announced, gatewaytest.Span{First: lost.From, Last: lost.To})
		c.last = lost.To
	}
}

func (s *shardTally) count(seq int64) {
	c := s.current()
	if c == nil {
		return
	}
	if c.over {
		c.mistakes++ // it was not lost
	}
	if seq <= c.last {
		c.duplicates++
		return
	}
	c.gone += seq - c.last - 1
	c.last = seq
}

// probe takes the latency from the time that the gateway wrote into the event.
func (h *histogram) probe(ev *engine.Event) {
	written, err := lazyjson.ValueOf(ev.Data).Get("probe_ns").Snowflake()
	if err == nil {
		h.add(time.Duration(gatewaytest.MonotonicNow() - int64(written)))
	}
}

// settled returns how many shards have READY and a burst of so many guilds.
func (t *tally) settled(guilds int) (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		if len(s.sessions) > 0 && s.guilds >= guilds {
			n++
		}
		s.mu.Unlock()
	}
	return n
}

// resumed returns how many shards have resumed.
func (t *tally) resumed() (n int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		if s.resumes > 0 {
			n++
		}
		s.mu.Unlock()
	}
	return n
}

// heartbeats returns how many were acknowledged, and how many of the shard with the
// fewest.
func (t *tally) heartbeats() (all, least int) {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		beats := s.beats
		s.mu.Unlock()
		all += beats
		if i == 0 || beats < least {
			least = beats
		}
	}
	return all, least
}

// startLatency begins to count latencies.
func (t *tally) startLatency() { t.timing.Store(true) }

// latency ends it and returns them all.
func (t *tally) latency() *histogram {
	t.timing.Store(false)
	sum := &histogram{}
	for i := range t.latencies {
		s := &t.shards[i]
		s.mu.Lock()
		sum.merge(&t.latencies[i])
		s.mu.Unlock()
	}
	return sum
}
