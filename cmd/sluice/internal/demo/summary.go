package demo

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// window is what was measured from all shards ready to the end.
type window struct {
	events   uint64
	duration time.Duration
	cost     usage
	latency  *histogram
	rss      int64 // at the end, before the gateway's report is read
}

// summary is what demo prints. With --json its fields are one object.
type summary struct {
	ShardsReady    int     `json:"shards_ready"`
	Events         uint64  `json:"events"`
	BytesWire      uint64  `json:"bytes_wire"` // of WebSocket, after TLS
	BytesJSON      uint64  `json:"bytes_json"`
	Lost           int64   `json:"lost"`
	Duplicates     int64   `json:"duplicates"`
	Identifies     uint64  `json:"identifies"`
	Resumes        uint64  `json:"resumes"`
	Reconnects     uint64  `json:"reconnects"`
	Heartbeats     int     `json:"heartbeats"`       // that were acknowledged
	LeastBeats     int     `json:"heartbeats_least"` // of one shard
	CPUPerEvent    float64 `json:"cpu_us_per_event"`
	AllocsPerEvent float64 `json:"allocs_per_event"`
	GCCycles       uint32  `json:"gc_cycles"`
	P50            int64   `json:"p50_us"`
	P99            int64   `json:"p99_us"`
	RSS            int64   `json:"rss_bytes"`
	RSSPerShard    int64   `json:"rss_per_shard"`
	Duration       float64 `json:"duration_s"`

	TLSRecords string `json:"tls_records"`       // how they were read: lent, plain, mixed or none
	TLSWhy     string `json:"tls_why,omitempty"` // why not lent

	*chaosFigures // nil without --chaos
	*stormFigures // nil without --storm

	unheard     int64    // sessions of which nothing came
	losers      []string // sessions of which events were lost
	shards      int
	intervals   int     // of heartbeats, that were over for every shard
	rate        float64 // events a second, from all shards ready to the end
	interrupted bool    // before all shards were ready
}

// summarize is called when everything has arrived and the shards still stand.
func (d *demo) summarize(w *window, start usage) *summary {
	stats := d.engine.Stats()
	s := &summary{
		Events:     stats.Events,
		BytesWire:  stats.BytesWire,
		BytesJSON:  stats.BytesJSON,
		Identifies: stats.Identifies,
		Resumes:    stats.Resumes,
		Reconnects: stats.Reconnects,
		GCCycles:   w.cost.gcCycles,
		P50:        w.latency.quantile(0.50),
		P99:        w.latency.quantile(0.99),
		Duration:   round(w.duration.Seconds()),

		shards:      d.options.Shards,
		intervals:   int((d.options.WarmUp + w.duration) / d.options.Heartbeat),
		rate:        float64(w.events) / max(w.duration.Seconds(), 1e-3),
		interrupted: d.interrupted,
	}
	s.ShardsReady, _ = CountReady(d.engine)
	if w.events > 0 {
		s.CPUPerEvent = round(float64(w.cost.cpu.Nanoseconds()) / 1000 / float64(w.events))
		s.AllocsPerEvent = round(float64(w.cost.allocs) / float64(w.events))
	}
	s.TLSRecords, s.TLSWhy = tlsRecords(d.engine, &stats)
	s.Heartbeats, s.LeastBeats = d.tally.heartbeats()
	s.RSS = w.rss
	s.RSSPerShard = (w.rss - start.rss) / int64(d.options.Shards)
	return s
}

// tlsRecords says in one word how the connections' TLS records are read, and why some
// or all of them are not lent.
func tlsRecords(e *engine.Engine, stats *engine.Stats) (how, why string) {
	for shard := range e.Shards() {
		if why = shard.View().TLSWhy; why != "" {
			break
		}
	}
	switch {
	case stats.TLSLent > 0 && stats.TLSPlain > 0:
		return "mixed", why
	case stats.TLSLent > 0:
		return engine.TLSLent.String(), ""
	case stats.TLSPlain > 0:
		return engine.TLSPlain.String(), why
	}
	return engine.TLSNone.String(), ""
}

// tlsLine is tlsRecords for people.
func (s *summary) tlsLine() string {
	if s.TLSWhy != "" {
		return s.TLSRecords + " (" + s.TLSWhy + ")"
	}
	return s.TLSRecords
}

// round keeps three places.
func round(x float64) float64 { return math.Round(x*1000) / 1000 }

// verdict is nil if every event arrived once and every shard stood, unless a
// signal came before they did.
func (s *summary) verdict() error {
	var errs []error
	if s.ShardsReady < s.shards && !s.interrupted {
		errs = append(errs, fmt.Errorf("only %d of %d shards were ready at the end", s.ShardsReady, s.shards))
	}
	if s.Lost != 0 {
		errs = append(errs, fmt.Errorf("%d events were lost", s.Lost))
		for _, name := range s.losers {
			errs = append(errs, errors.New(name))
		}
	}
	if s.Duplicates != 0 {
		errs = append(errs, fmt.Errorf("%d events came twice", s.Duplicates))
	}
	if s.unheard != 0 && s.chaosFigures == nil {
		errs = append(errs, fmt.Errorf("%d sessions were never heard of", s.unheard))
	}
	// The last one's ACK may be under way.
	if s.chaosFigures == nil && s.stormFigures == nil && s.LeastBeats < s.intervals-1 && !s.interrupted {
		errs = append(errs, fmt.Errorf("a shard kept only %d heartbeats in %d intervals", s.LeastBeats, s.intervals))
	}
	errs = append(errs, s.chaosFigures.verdict()...)
	errs = append(errs, s.stormFigures.verdict()...)
	return errors.Join(errs...)
}

func (s *summary) print(w io.Writer, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(w).Encode(s)
	}
	_, err := fmt.Fprintf(w, `
shards ready   %d of %d
events         %d in all: lost %d, duplicates %d
traffic        %.0f events/s for %.1f s
bytes          %.1f MB wire, %.1f MB JSON (%.1f×)
sessions       %d identifies, %d resumes, %d reconnects
heartbeats     %d acknowledged, at least %d of each shard
CPU            %.2f µs per event
allocations    %.2f per event, %d garbage collections
latency        p50 %s, p99 %s, from the gateway's write to the callback
memory         %.1f MB resident, %.1f KB per shard
TLS records    %s
`,
		s.ShardsReady, s.shards,
		s.Events, s.Lost, s.Duplicates,
		s.rate, s.Duration,
		float64(s.BytesWire)/1e6, float64(s.BytesJSON)/1e6, float64(s.BytesJSON)/float64(max(s.BytesWire, 1)),
		s.Identifies, s.Resumes, s.Reconnects,
		s.Heartbeats, s.LeastBeats,
		s.CPUPerEvent, s.AllocsPerEvent, s.GCCycles,
		ms(s.P50), ms(s.P99),
		float64(s.RSS)/1e6, float64(s.RSSPerShard)/1e3,
		s.tlsLine())
	if err := errors.Join(err, s.chaosFigures.print(w), s.stormFigures.print(w)); err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "(sluice %s; figures of this process alone, the gateway is another)\n", engine.Version)
	return err
}

// ms writes a latency for people.
func ms(us int64) string { return strconv.FormatFloat(float64(us)/1000, 'f', 2, 64) + " ms" }
