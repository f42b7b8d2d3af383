package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/sluice-go/sluice/bench/compare/proc"
)

// line is a line of the raw figures: first what the run is about, then a heat each.
type line struct {
	About *about `json:"about,omitempty"`
	Heat  *heat  `json:"heat,omitempty"`
}

// about is what all figures of a run have in common.
type about struct {
	Date       string    `json:"date"`
	Machine    string    `json:"machine"`
	Full       bool      `json:"full"`
	Rounds     int       `json:"rounds"`
	ClientCore int       `json:"client_core"` // -1: not bound to a core
	ServerCore int       `json:"server_core"`
	Absent     []absence `json:"absent,omitempty"`

	Titles map[string]string `json:"titles"` // of the loads, by name

	Recording *recording `json:"recording,omitempty"` // that was played back; nil: traffic was generated
}

// absence is why a client takes no part.
type absence struct {
	Client      string `json:"client"`
	Compression string `json:"compression"`
	Why         string `json:"why"`
}

// heat is one client's turn under one load.
type heat struct {
	Round       int           `json:"round"`
	Load        string        `json:"load"`
	Compression string        `json:"compression"`
	Client      string        `json:"client"`
	Shards      int           `json:"shards"`
	Events      int64         `json:"events"`    // in the measurement
	Span        proc.Span     `json:"span"`      // of the measurement
	Connect     proc.Span     `json:"connect"`   // from the start until all shards were ready
	RSSStart    int64         `json:"rss_start"` // bytes before the first shard
	RSS         int64         `json:"rss"`       // bytes at the end of the measurement
	Lifetime    proc.Lifetime `json:"lifetime"`
	Error       string        `json:"error,omitempty"` // why there are no figures
}

// String is a line for who watches.
func (h *heat) String() string {
	name := fmt.Sprintf("%d %-9s %-11s %-15s", h.Round, h.Load, h.Compression, h.Client)
	if h.Error != "" {
		return name + " " + h.Error
	}
	if h.Load == "idle" {
		return fmt.Sprintf("%s %8.1f KB/shard  %8.3f ms CPU/shard/min", name, h.rssPerShard(), h.idleCPU())
	}
	return fmt.Sprintf("%s %8.2f µs/event  %9.0f events/s  %3.0f %% busy  %5.1f MB", name,
		h.cpuPerEvent(), h.rate(), h.busy(), float64(h.Lifetime.PeakRSS)/1e6)
}

// cpuPerEvent returns µs.
func (h *heat) cpuPerEvent() float64 { return 1e6 * h.Span.CPU / float64(h.Events) }

// busy returns the share of a core, in per cent.
func (h *heat) busy() float64 { return 100 * h.Span.CPU / h.Span.Wall }

// wakes returns how often a thread went to sleep, and was woken, for an event.
func (h *heat) wakes() float64 { return float64(h.Span.Voluntary) / float64(h.Events) }

// instructions returns how many thousand an event took.
func (h *heat) instructions() float64 { return float64(h.Span.Instructions) / 1e3 / float64(h.Events) }

// rate returns events a second.
func (h *heat) rate() float64 { return float64(h.Events) / h.Span.Wall }

// rssPerShard returns the KB that every shard added.
func (h *heat) rssPerShard() float64 { return float64(h.RSS-h.RSSStart) / 1e3 / float64(h.Shards) }

// idleCPU returns ms that an idle shard costs in a minute.
func (h *heat) idleCPU() float64 {
	return 1e3 * h.Span.CPU / float64(h.Shards) * 60 / h.Span.Wall
}

// connectCPU returns ms that a shard cost until it was ready.
func (h *heat) connectCPU() float64 { return 1e3 * h.Connect.CPU / float64(h.Shards) }

// outcome is a run.
type outcome struct {
	about
	heats []*heat
}

// readResults reads the raw figures of a run.
func readResults(path string) (*outcome, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	o := &outcome{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, proc.MaxLine)
	for n := 1; lines.Scan(); n++ {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", path, n, err)
		}
		if l.About != nil {
			o.about = *l.About
		}
		if l.Heat != nil {
			o.heats = append(o.heats, l.Heat)
		}
	}
	return o, lines.Err()
}

// of returns a client's heats under a load that have figures, and what the last
// one without said.
func (o *outcome) of(load, compression, client string) (heats []*heat, failed string) {
	for _, h := range o.heats {
		if h.Load != load || h.Compression != compression || h.Client != client {
			continue
		}
		if h.Error != "" {
			failed = h.Error
			continue
		}
		heats = append(heats, h)
	}
	return heats, failed
}

// summary is the median of a figure over the rounds, and its extremes.
type summary struct{ median, low, high float64 }

func summarize(heats []*heat, figure func(*heat) float64) summary {
	values := make([]float64, len(heats))
	for i, h := range heats {
		values[i] = figure(h)
	}
	slices.Sort(values)
	n := len(values)
	return summary{median: (values[(n-1)/2] + values[n/2]) / 2, low: values[0], high: values[n-1]}
}
