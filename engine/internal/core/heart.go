package core

import (
	"math"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// A hello outside these bounds makes no sense: it would have the shard flood the
// gateway, or notice a dead connection after hours.
const (
	minHeartbeat = 10 * time.Millisecond
	maxHeartbeat = time.Hour
)

const (
	// probeTimeout is how long the gateway has to answer a heartbeat of Probe.
	probeTimeout = 5 * time.Second

	// probeGrace is for how long after a probe the socket may still bring what lay there
	// since before the jump, which is no sign of life.
	probeGrace = time.Second
)

// heart keeps the rhythm of one connection's heartbeats. The loop owns it, but a
// callback that takes long holds the loop up; then the watchdog beats in its
// place, which is what mu is for.
type heart struct {
	// The loop's alone.
	life time.Time // when bytes last came
	look time.Time // before this nothing is due: next, when the loop last looked at it

	probed time.Time // when a probe went that nothing has answered yet; zero: none did

	mu       sync.Mutex
	epoch    *time.Time    // from which beats are counted that go together; nil or zero: none do
	interval time.Duration // 0: no hello yet
	next     time.Time
	pulse
}

// beatGroups is into how many groups the shards of a process fall, each of which beats at
// once. One wake then serves many heartbeats, and yet the gateway gets no more than a
// sixteenth of them at a time, but for chance.
const beatGroups = 16

// start begins the rhythm at hello: the first heartbeat after a random part of
// the interval, so that the shards of a fleet do not beat in step.
func (h *heart) start(now time.Time, interval time.Duration, random float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.interval = interval
	h.next = now.Add(time.Duration(float64(interval) * random))
	if group := h.together(h.next); !group.Before(now) {
		h.next = group
	}
	h.look, h.probed = h.next, time.Time{}
	h.pulse = pulse{}
}

// together returns the last time, not after t, at which a group of the process's shards
// beats, so that no heartbeat is late. mu is held.
func (h *heart) together(t time.Time) time.Time {
	apart := h.interval / beatGroups
	if h.epoch == nil || h.epoch.IsZero() || apart <= 0 {
		return t
	}
	since := t.Sub(*h.epoch) % apart
	if since < 0 {
		since += apart
	}
	return t.Add(-since)
}

// stop ends the rhythm with the connection.
func (h *heart) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.interval = 0
}

// retune takes another interval from a second hello.
func (h *heart) retune(now time.Time, interval time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.interval = interval
	if latest := now.Add(interval); h.next.After(latest) {
		h.next = h.together(latest)
	}
	h.look = h.next
}

// due returns when the loop is to look again, once hello has come. The watchdog
// only ever puts the next heartbeat off, so at worst the loop looks in vain.
func (h *heart) due() time.Time {
	if limit := h.probed.Add(probeTimeout); !h.probed.IsZero() && limit.Before(h.look) {
		return limit
	}
	return h.look
}

// looked notes that the loop has done what was due.
func (h *heart) looked() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.look = h.next
}

// beat reports whether a heartbeat is due, and if so counts it as sent.
func (h *heart) beat(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.interval == 0 || now.Before(h.next) {
		return false
	}
	h.pulse.beat(now)
	// The rhythm is kept, so that lateness does not add up; but a beat that
	// comes very late leaves its ACK the time to arrive before the next.
	if h.next = h.together(h.next.Add(h.interval)); h.next.Sub(now) < h.interval/2 {
		h.next = h.together(now.Add(h.interval))
	}
	return true
}

// ack takes a heartbeat ACK. One for a heartbeat that the gateway asked for
// (opcode 1) cannot be told apart, and proves as much life. It returns how long the
// heartbeat took, and whether this was its first ACK.
func (h *heart) ack(now time.Time) (took time.Duration, first bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.probed = time.Time{}
	return h.pulse.ack(now)
}

// latency returns what was measured on the last connection that got a hello.
func (h *heart) latency() lifecycle.Latency {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.pulse.latency()
}

// dead reports whether the connection is a zombie: a heartbeat is due, the last
// one was not acknowledged, and nothing at all was received since it went. An
// ACK can be late behind a flood of events, so anything received is life.
func (h *heart) dead(now time.Time) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.interval != 0 && !now.Before(h.next) &&
		!h.sent.IsZero() && !h.acked && !h.life.After(h.sent)
}

// probe notes that a heartbeat goes now. One that is due soon is put off: it would end
// the connection if the probe were not answered by then.
func (h *heart) probe(now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.pulse.beat(now)
	h.probed = now
	if h.next.Sub(now) < probeTimeout {
		h.next = h.together(now.Add(h.interval))
	}
}

// recentBeats is how many heartbeats Latency.Recent tells of.
const recentBeats = len(lifecycle.Latency{}.Recent)

// micros is how long something took, in 4 bytes: there may be thousands of shards.
type micros uint32

func microsOf(d time.Duration) micros { return micros(min(d.Microseconds(), math.MaxUint32)) }

func (m micros) duration() time.Duration { return time.Duration(m) * time.Microsecond }

// pulse measures the heartbeats of one connection.
type pulse struct {
	sent     time.Time     // when the last heartbeat went, zero: none yet
	received time.Time     // when the last acknowledgement came
	sum      time.Duration // of what all took
	recent   [recentBeats]micros
	count    uint32 // of acknowledgements; count % recentBeats is where the next one goes
	acked    bool   // the last heartbeat was acknowledged
}

// beat notes a heartbeat.
func (p *pulse) beat(now time.Time) { p.sent, p.acked = now, false }

// ack notes an acknowledgement. A second one for the same heartbeat tells nothing.
func (p *pulse) ack(now time.Time) (took time.Duration, first bool) {
	if p.sent.IsZero() || p.acked {
		return 0, false
	}
	took = now.Sub(p.sent)
	p.acked, p.received = true, now
	p.recent[p.count%uint32(recentBeats)] = microsOf(took)
	p.count++
	p.sum += took
	return took, true
}

// latency tells what was measured.
func (p *pulse) latency() lifecycle.Latency {
	l := lifecycle.Latency{Sent: p.sent, Received: p.received}
	if p.count == 0 {
		return l
	}
	for i := range min(p.count, uint32(recentBeats)) {
		l.Recent[i] = p.recent[(p.count-1-i)%uint32(recentBeats)].duration()
	}
	l.Last, l.Average = l.Recent[0], p.sum/time.Duration(p.count)
	return l
}
