package engine

import (
	"github.com/sluice-go/sluice/engine/lifecycle"
	"time"
)

// recentBeats is how many heartbeats Latency.Recent tells of.
const recentBeats = len(lifecycle.Latency{}.Recent)

// pulse measures the heartbeats of one connection.
type pulse struct {
	sent     time.Time // when the last heartbeat went, zero: none yet
	acked    bool      // that one was acknowledged
	received time.Time // when the last acknowledgement came
	recent   [recentBeats]time.Duration
	count    int           // of acknowledgements; count % recentBeats is where the next one goes
	sum      time.Duration // of all
}

// beat notes a heartbeat.
func (p *pulse) beat(now time.Time) { p.sent, p.acked = now, false }

// ack notes an acknowledgement. A second one for the same heartbeat tells nothing.
func (p *pulse) ack(now time.Time) {
	if p.sent.IsZero() || p.acked {
		return
	}
	took := now.Sub(p.sent)
	p.acked, p.received = true, now
	p.recent[p.count%recentBeats] = took
	p.count++
	p.sum += took
}

// latency tells what was measured.
func (p *pulse) latency() lifecycle.Latency {
	l := lifecycle.Latency{Sent: p.sent, Received: p.received}
	if p.count == 0 {
		return l
	}
	for i := range min(p.count, recentBeats) {
		l.Recent[i] = p.recent[(p.count-1-i)%recentBeats]
	}
	l.Last, l.Average = l.Recent[0], p.sum/time.Duration(p.count)
	return l
}
