package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine"
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
}

// shardTally is touched by its shard's callbacks, and read at the end. It is small:
// what it holds counts as memory of the shard.
type shardTally struct {
	mu       sync.Mutex
	sessions []sessionTally // the last is the present one
	guilds   int            // GUILD_CREATE since READY
}

// sessionTally is what came of one session.
type sessionTally struct {
	id         string
	last       int64 // the highest sequence
	skipped    int64 // sequences that were jumped over
	duplicates int64
}

func newTally(shards, probes int) *tally {
	return &tally{shards: make([]shardTally, shards), latencies: make([]histogram, probes)}
}

// event is the callback.
func (t *tally) event(ev *engine.Event) {
	id := ev.Shard.ID()
	s := &t.shards[id]
	s.mu.Lock()
	defer s.mu.Unlock()
	switch ev.Type {
	case gateway.EventResumed:
		return // takes no sequence of its own
	case gateway.EventReady:
		s.ready(ev)
	case gateway.EventGuildCreate:
		s.guilds++
	}
	s.count(ev.Seq)
	if id < len(t.latencies) && t.timing.Load() {
		t.latencies[id].probe(ev)
	}
}

// ready begins a session.
func (s *shardTally) ready(ev *engine.Event) {
	id, err := lazyjson.ValueOf(ev.Data).Get("session_id").AppendString(nil)
	if err != nil {
		id = []byte("?")
	}
	s.sessions = append(s.sessions, sessionTally{id: string(id)})
	s.guilds = 0
}

func (s *shardTally) count(seq int64) {
	if len(s.sessions) == 0 {
		return
	}
	c := &s.sessions[len(s.sessions)-1]
	if seq <= c.last {
		c.duplicates++
		return
	}
	c.skipped += seq - c.last - 1
	c.last = seq
}

// last returns the highest sequence that came of a session, 0 if none did.
func (s *shardTally) last(session string) int64 {
	for i := range s.sessions {
		if s.sessions[i].id == session {
			return s.sessions[i].last
		}
	}
	return 0
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

// awaitAll waits until everything that was written has arrived, as long as
// something still does.
func (t *tally) awaitAll(report *gatewaytest.Report) {
	const patience = 3 * time.Second
	missing, since := t.missing(report), time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for missing > 0 && time.Since(since) < patience {
		<-tick.C
		if now := t.missing(report); now < missing {
			missing, since = now, time.Now()
		}
	}
}

// missing returns how many events of the report have not arrived, apart from
// those that were jumped over.
func (t *tally) missing(report *gatewaytest.Report) (n int64) {
	for _, r := range report.Sessions {
		last := int64(0)
		if r.Shard < len(t.shards) {
			s := &t.shards[r.Shard]
			s.mu.Lock()
			last = s.last(r.ID)
			s.mu.Unlock()
		}
		n += max(0, r.LastSeq-last)
	}
	return n
}

// totals returns what was lost and what came twice.
func (t *tally) totals(report *gatewaytest.Report) (lost, duplicates int64) {
	lost = t.missing(report)
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for _, c := range s.sessions {
			lost += c.skipped
			duplicates += c.duplicates
		}
		s.mu.Unlock()
	}
	return lost, duplicates
}
