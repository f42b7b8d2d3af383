package monitor

import (
	"encoding/json"
	"runtime/metrics"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// sample is an engine at one moment, and its rates since the sample before.
type sample struct {
	overview *engine.Overview
	rates    rates
	memory   uint64 // bytes that the Go runtime has of the system
}

// rates are per second.
type rates struct {
	Events     float64 `json:"events"`
	Wire       float64 `json:"bytes_wire"`
	JSON       float64 `json:"bytes_json"`
	Sent       float64 `json:"bytes_sent"`
	Reconnects float64 `json:"reconnects"`
	Callbacks  float64 `json:"in_callbacks"` // seconds of callbacks in a second

	// Of heartbeats acknowledged since the sample before, in seconds; 0: none were.
	Latency50 float64 `json:"latency_p50_s"`
	Latency99 float64 `json:"latency_p99_s"`

	Busy []float64 `json:"loops_busy"` // the share of its time that each loop was at work
}

// maxLoops is how many loops are shown. With goroutines in the place of event loops there
// are as many as shards.
const maxLoops = 256

// sample looks at the engine.
func (m *Monitor) sample(now time.Time) sample {
	s := sample{overview: m.engine.Overview(), memory: memory()}
	if before := m.last.overview; before != nil {
		s.rates = ratesOf(before, s.overview)
	}
	return s
}

func ratesOf(from, to *engine.Overview) (r rates) {
	seconds := to.At.Sub(from.At).Seconds()
	if seconds <= 0 {
		return r
	}
	per := func(from, to uint64) float64 {
		if to < from {
			return 0
		}
		return float64(to-from) / seconds
	}
	r.Events, r.Reconnects = per(from.Events, to.Events), per(from.Reconnects, to.Reconnects)
	r.Wire, r.JSON, r.Sent = per(from.BytesWire, to.BytesWire), per(from.BytesJSON, to.BytesJSON), per(from.BytesSent, to.BytesSent)
	r.Callbacks = per(uint64(from.InCallbacks), uint64(to.InCallbacks)) / 1e9
	beats := to.Heartbeats
	beats.Zero -= from.Heartbeats.Zero
	for i := range beats.Counts {
		beats.Counts[i] -= from.Heartbeats.Counts[i]
	}
	r.Latency50, r.Latency99 = beats.Quantile(0.5).Seconds(), beats.Quantile(0.99).Seconds()
	for i := range min(len(to.Loops), maxLoops) {
		busy := 0.0
		if i < len(from.Loops) {
			busy = min(1, per(uint64(from.Loops[i].Busy), uint64(to.Loops[i].Busy))/1e9)
		}
		r.Busy = append(r.Busy, busy)
	}
	return r
}

// memory returns how much memory the runtime has of the system.
func memory() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	if samples[0].Value.Kind() != metrics.KindUint64 || samples[1].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// summary is a sample as JSON: what /api/v1/engine answers, and the stream's tick.
type summary struct {
	At         time.Time      `json:"at"`
	Title      string         `json:"title"`
	Version    string         `json:"version"`
	Since      time.Time      `json:"since"` // when the monitor began
	Shards     int            `json:"shards"`
	Ready      int            `json:"ready"`
	States     map[string]int `json:"states"`
	Stalled    int            `json:"stalled"`
	NotReady   time.Time      `json:"not_ready_since,omitzero"`
	Memory     uint64         `json:"memory_bytes"`
	Rates      rates          `json:"rates"`
	Totals     totals         `json:"totals"`
	Queues     queues         `json:"queues"`
	Budget     budget         `json:"budget"`
	Loops      int            `json:"loops"`
	Stream     streamState    `json:"stream"`
	Actions    bool           `json:"actions"` // there are some, for who has the credential
	Resharding bool           `json:"resharding"`
}

type totals struct {
	Events       uint64           `json:"events"`
	BytesWire    uint64           `json:"bytes_wire"`
	BytesJSON    uint64           `json:"bytes_json"`
	BytesSent    uint64           `json:"bytes_sent"`
	Identifies   uint64           `json:"identifies"`
	Resumes      uint64           `json:"resumes"`
	Resumed      uint64           `json:"resumed"`
	SessionsLost uint64           `json:"sessions_lost"`
	Missing      uint64           `json:"missing"`
	Reconnects   uint64           `json:"reconnects"`
	Causes       lifecycle.Causes `json:"causes"`
	Slow         uint64           `json:"slow_callbacks"`
}

type queues struct {
	Queued  int           `json:"queued"`
	Dropped uint64        `json:"dropped"`
	Lag     time.Duration `json:"lag_ns"`
}

type budget struct {
	Total     int       `json:"total"` // 0: not known
	Remaining int       `json:"remaining"`
	Reserve   int       `json:"reserve"`
	ResetAt   time.Time `json:"reset_at,omitzero"`
}

func budgetOf(b identify.Budget) budget {
	return budget{Total: b.Total, Remaining: b.Remaining, Reserve: b.Reserve, ResetAt: b.ResetAt}
}

// summary returns the newest sample as it is shown.
func (m *Monitor) summary() summary {
	m.mu.Lock()
	s, resharding := m.last, m.resharding
	m.mu.Unlock()
	o := s.overview
	sum := summary{
		At: o.At, Title: m.config.Title, Version: engine.Version, Since: m.born, States: make(map[string]int),
		Stalled: o.Stalled, Memory: s.memory, Rates: s.rates, Budget: budgetOf(o.Budget), Loops: len(o.Loops),
		Ready: o.States[lifecycle.Ready], Stream: m.stream.state(m.watch.Dropped()), Actions: m.config.Credential != "",
		Resharding: resharding,
		Totals: totals{
			Events: o.Events, BytesWire: o.BytesWire, BytesJSON: o.BytesJSON, BytesSent: o.BytesSent,
			Identifies: o.Identifies, Resumes: o.Resumes, Resumed: o.Resumed, SessionsLost: o.SessionsLost, Missing: o.Missing,
			Reconnects: o.Reconnects, Causes: o.Causes, Slow: o.SlowCallbacks,
		},
		Queues: queues{o.Queued, o.Dropped, o.Lag},
	}
	for state, n := range o.States {
		sum.Shards += n
		if n > 0 {
			sum.States[lifecycle.State(state).String()] = n
		}
	}
	if o.NotReady > 0 {
		sum.NotReady = o.NotReadySince
	}
	return sum
}

// mustJSON encodes what is made of numbers, texts and times.
func mustJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic("monitor: " + err.Error())
	}
	return b
}
