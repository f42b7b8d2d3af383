package demo

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// stormFigures is what --storm adds to the summary.
type stormFigures struct {
	Dropped      int     `json:"dropped"` // connections, all at once
	Resumed      int     `json:"resumed"` // shards
	Again        uint64  `json:"identified_again"`
	ResumedAfter float64 `json:"resumed_after_s"`
	Dials        int     `json:"dials"`            // meanwhile
	DialsPeak    int     `json:"dials_peak_per_s"` // the most in any second
	PeakRSS      int64   `json:"peak_rss_bytes"`   // meanwhile
}

// storm has the gateway drop every connection, and waits until every shard has
// resumed.
func (d *demo) storm() (*stormFigures, error) {
	if !d.options.Storm {
		return nil, nil
	}
	before := d.engine.Stats().Identifies
	d.dials.reset()
	began := time.Now()
	dropped, err := d.child.Drop()
	if err != nil {
		return nil, err
	}
	f := &stormFigures{Dropped: dropped}
	limit := time.NewTimer(recovery)
	defer limit.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for waiting := true; waiting; {
		if rss, err := residentBytes(); err == nil {
			f.PeakRSS = max(f.PeakRSS, rss)
		}
		f.Resumed, f.ResumedAfter = d.tally.resumed(), round(time.Since(began).Seconds())
		if ready, all := CountReady(d.engine); ready == all && f.Resumed >= dropped {
			break
		}
		select {
		case <-tick.C:
		case <-limit.C:
			waiting = false
		}
	}
	f.Dials, f.DialsPeak = d.dials.peak(time.Second)
	f.Again = d.engine.Stats().Identifies - before
	return f, nil
}

// verdict is nil if every connection that was dropped was followed by a resume.
func (f *stormFigures) verdict() (errs []error) {
	if f == nil {
		return nil
	}
	if f.Resumed < f.Dropped {
		errs = append(errs, fmt.Errorf("only %d of %d shards resumed", f.Resumed, f.Dropped))
	}
	if f.Again > 0 {
		errs = append(errs, fmt.Errorf("%d shards identified again", f.Again))
	}
	return errs
}

// print writes the figures for people.
func (f *stormFigures) print(w io.Writer) error {
	if f == nil {
		return nil
	}
	_, err := fmt.Fprintf(w, `storm          %d connections dropped at once, %d shards resumed within %.2f s
dials          %d, at most %d in a second
peak memory    %.1f MB resident
`,
		f.Dropped, f.Resumed, f.ResumedAfter, f.Dials, f.DialsPeak, float64(f.PeakRSS)/1e6)
	return err
}

// dialLog notes when connections are dialled.
type dialLog struct {
	spread
	mu    sync.Mutex
	times []time.Time
}

// DialContext can be engine.Config's Dial.
func (l *dialLog) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	l.times = append(l.times, time.Now())
	l.mu.Unlock()
	return l.spread.DialContext(ctx, network, address)
}

func (l *dialLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times = nil
}

// peak returns how many dials there were, and the most within any window.
func (l *dialLog) peak(window time.Duration) (all, most int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	first := 0
	for i, at := range l.times {
		for at.Sub(l.times[first]) >= window {
			first++
		}
		most = max(most, i+1-first)
	}
	return len(l.times), most
}
