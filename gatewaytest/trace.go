package gatewaytest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sort"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/lazyjson"
)

// WithTrace has sessions play recorded traffic back in the place of [WithTraffic]'s: the dispatches of the
// trace behind READY, numbered anew. speed is how fast: 1 keeps the recorded pauses, 10 makes them a tenth,
// [Saturated] leaves them out. Sessions, resumes, faults and limits are the server's own, and so are READY and
// RESUMED; what else the trace tells is passed over. r must stay open as long as the server.
//
// A shard gets the events of the same shard in the trace. Where a client has fewer shards than the trace,
// a shard gets those of all that are the same modulo its number; where it has more, shards share.
//
// A session that got all events gets no more, unless [WithTraceLoop] has it begin again.
func WithTrace(r *trace.Reader, speed float64) Option {
	return func(cfg *config) { cfg.trace, cfg.speed = r, speed }
}

// WithTraceLoop has the traffic of [WithTrace] begin again at its end, until a session got as many events as
// [WithEvents] says.
func WithTraceLoop(on bool) Option { return func(cfg *config) { cfg.loop = on } }

// recordings are the traffic of a trace, by how many shards it is shared among.
type recordings struct {
	reader *trace.Reader
	origin int // shards in the trace

	mu   sync.Mutex
	made map[int][]*recording
}

// recording is the traffic of one or more shards of a trace.
type recording struct {
	*ownCorpus
	count int64   // of the events
	times []int64 // µs since the trace's first record, never falling
}

// openTrace looks at the trace, sets what follows from it, and reads the traffic of as many shards as the
// API recommends.
func (cfg *config) openTrace() (*recordings, error) {
	rs := &recordings{reader: cfg.trace, made: make(map[int][]*recording)}
	dispatches, shards := 0, 0
	for rec, err := range cfg.trace.All() {
		if err != nil {
			return nil, err
		}
		shards = max(shards, rec.Shard+1)
		if isTraffic(rec) {
			dispatches++
		}
	}
	if dispatches == 0 {
		return nil, errors.New("the trace holds no event to play back: record one with `sluice record`")
	}
	rs.origin = max(shards, cfg.trace.Header().Shards)
	cfg.rate = Saturated
	if cfg.speed != Saturated {
		first, latest := cfg.trace.Span()
		seconds := max(latest.Sub(first).Seconds(), 1e-3)
		cfg.rate = max(float64(dispatches)/seconds*cfg.speed/float64(min(cfg.shards, rs.origin)), 1e-3)
	}
	_, err := rs.of(cfg.shards)
	return rs, err
}

// isTraffic reports whether a record is played back.
func isTraffic(rec *trace.Record) bool {
	if rec.Kind != trace.Received {
		return false
	}
	env, err := lazyjson.Peek(rec.Payload)
	if err != nil || env.Op != 0 || env.TypeEscaped {
		return false
	}
	switch string(env.Type(rec.Payload)) {
	case "", "READY", "RESUMED":
		return false
	}
	return true
}

// of returns the traffic of each of so many shards; more shards than the trace has share.
func (rs *recordings) of(shards int) ([]*recording, error) {
	shards = max(1, min(shards, rs.origin))
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if made := rs.made[shards]; made != nil {
		return made, nil
	}
	made := make([]*recording, shards)
	for i := range made {
		made[i] = &recording{ownCorpus: newOwnCorpus(nil)}
	}
	first, _ := rs.reader.Span()
	for rec, err := range rs.reader.All() {
		if err != nil {
			return nil, fmt.Errorf("gatewaytest: %w", err)
		}
		if isTraffic(rec) {
			made[rec.Shard%shards].add(rec, rec.At.Sub(first).Microseconds())
		}
	}
	rs.made[shards] = made
	return made, nil
}

// add appends an event.
func (r *recording) add(rec *trace.Record, at int64) {
	env, err := lazyjson.Peek(rec.Payload)
	if err != nil {
		return // not reached: it is traffic
	}
	data := env.Data(rec.Payload)
	if data == nil {
		data = []byte("null")
	}
	r.last = append(r.last, event{string(env.Type(rec.Payload)), bytes.Clone(data)})
	if len(r.last) == chunkEvents {
		r.pack()
	}
	if r.count > 0 {
		at = max(at, r.times[r.count-1])
	}
	r.times = append(r.times, at)
	r.count++
}

// at returns the i-th event. Behind the last it begins again.
func (r *recording) at(i int64) event {
	r.mu.Lock()
	defer r.mu.Unlock()
	i %= r.count
	if k := i / chunkEvents; k < int64(len(r.packed)) {
		return r.chunk(k)[i%chunkEvents]
	}
	return r.last[i%chunkEvents]
}

// schedule says when the events of a feed are due.
type schedule struct {
	at    []int64 // µs, of each event
	lap   int64   // µs from one beginning to the next; 0: there is only one lap
	speed float64
}

// newSchedule makes the schedule of a recording. A lap ends as long behind the last event as events come on
// average.
func newSchedule(r *recording, speed float64, loop bool) *schedule {
	s := &schedule{at: r.times, speed: speed}
	if loop && r.count > 0 {
		last := r.times[r.count-1]
		s.lap = max(1, last+last/r.count)
	}
	return s
}

// due returns how many events are due after so long.
func (s *schedule) due(elapsed time.Duration) int64 {
	us := int64(min(float64(elapsed.Microseconds())*s.speed, math.MaxInt64/2))
	laps := int64(0)
	if s.lap > 0 {
		laps, us = us/s.lap, us%s.lap
	}
	n := sort.Search(len(s.at), func(i int) bool { return s.at[i] > us })
	return laps*int64(len(s.at)) + int64(n)
}

// when returns when the i-th event is due; ok is false where there is none.
func (s *schedule) when(i int64) (after time.Duration, ok bool) {
	n := int64(len(s.at))
	if n == 0 || s.lap == 0 && i >= n {
		return 0, false
	}
	us := s.at[i%n] + i/n*s.lap
	return time.Duration(float64(us) / s.speed * float64(time.Microsecond)), true
}

// keptEvents is for how many events, of all shards together, everything encoded is kept: about 500 MB in each
// compression that is used. Beyond that a session that is far behind has it encoded again.
const keptEvents = 2 << 20

// recordedFeed returns the feed of a shard from the trace.
func (s *Server) recordedFeed(shard, shards int) *feed {
	made, err := s.recorded.of(shards)
	if err != nil {
		s.cfg.logger.Error("the trace cannot be read", "error", err)
		made = []*recording{{ownCorpus: newOwnCorpus(nil)}}
	}
	key := feedKey{shard % len(made), len(made)}
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.feeds[key]; f != nil {
		return f
	}
	r := made[key.shard]
	f := &feed{corpus: r, events: r.count, ends: s.cfg.loop && r.count > 0}
	if f.ends {
		f.events = int64(s.cfg.events)
	}
	if s.cfg.speed != Saturated {
		f.times = newSchedule(r, s.cfg.speed, s.cfg.loop)
	}
	for c := range f.streams {
		f.streams[c] = newStream(Compression(c), f.corpus, s.burst()+1, int(f.events), s.cfg.perSegment())
		f.streams[c].forgets = f.events*int64(len(made)) > keptEvents
	}
	s.feeds[key] = f
	return f
}
