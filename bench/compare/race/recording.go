package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
)

// recording is a trace that is played back in the place of generated traffic.
type recording struct {
	File   string  `json:"file"` // its name, without its folder
	Shards int     `json:"shards"`
	Rate   float64 `json:"rate"` // events a second for each shard, on average

	path string
}

// openRecording looks at a trace.
func openRecording(path string) (rec *recording, err error) {
	r, err := trace.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	rec = &recording{File: filepath.Base(path), Shards: r.Header().Shards, path: path}
	payloads := 0
	for record, err := range r.All() {
		if err != nil {
			return nil, err
		}
		rec.Shards = max(rec.Shards, record.Shard+1)
		if record.Kind == trace.Received {
			payloads++
		}
	}
	if payloads == 0 {
		return nil, fmt.Errorf("%s holds no events", path)
	}
	first, latest := r.Span()
	rec.Rate = float64(payloads) / max(latest.Sub(first).Seconds(), 1e-3) / float64(rec.Shards)
	return rec, nil
}

// loads are the recording at its own pace, and as fast as a client takes it.
func (rec *recording) loads(full bool) []load {
	const second = time.Second
	l := load{name: "recorded", title: fmt.Sprintf("%s, %d shards, as it was recorded", rec.File, rec.Shards), shards: rec.Shards, rate: 1,
		heartbeat: discordHeartbeat, settle: second / 2, window: 3 * second, trace: rec.path}
	if full {
		l.settle, l.window = 2*second, 10*second
	}
	// The gateway keeps the events of few shards encoded, and can then give them as fast as anybody takes them.
	flood := l
	flood.name, flood.rate, flood.shards = "recorded-max", saturated, min(rec.Shards, 8)
	flood.title = fmt.Sprintf("%s, %d shards, as fast as the client takes it", rec.File, flood.shards)
	return []load{l, flood}
}

// generated returns the rate of generated traffic. For a recording rate is its speed.
func (l load) generated() float64 {
	if l.trace != "" {
		return 0
	}
	return l.rate
}

// events returns how many events a session has, at most.
func (l load) events() int {
	if l.trace != "" {
		return 250_000
	}
	return 1_000_000
}

// speed returns how fast the recording is played back.
func (l load) speed() float64 {
	if l.trace == "" {
		return 1
	}
	return l.rate
}

// loads returns what the race is run under.
func (r *race) loads() []load {
	if r.trace != nil {
		return r.trace.loads(r.full)
	}
	return loads(r.full)
}

// loads returns what the race was run under.
func (o *outcome) loads() []load {
	if o.Recording != nil {
		return o.Recording.loads(o.Full)
	}
	return loads(o.Full)
}
