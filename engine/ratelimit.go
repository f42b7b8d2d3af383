package engine

import "time"

const (
	// sendLimit payloads may be sent in each sendPeriod on one connection, or
	// the gateway closes it (Discord: "Gateway", heading "Rate Limiting"). The
	// period has a margin for the network: what leaves 60 s apart can arrive
	// closer together.
	sendLimit  = 120
	sendPeriod = 60*time.Second + 250*time.Millisecond

	// spareSends is kept free besides the heartbeats of the rhythm: for those
	// that the gateway asks for, and for the identify or resume.
	spareSends = 3
)

// sendWindow is the sliding window of what users sent on one connection: the
// times of the last payloads, oldest first.
type sendWindow struct {
	times []time.Time // a ring of sendLimit entries, made at the first send
	first int
	count int
}

// commandLimit returns how many of the user's payloads fit in a period beside
// the heartbeats of a rhythm.
func commandLimit(interval time.Duration) int {
	beats := sendLimit
	if interval > 0 {
		beats = int(min(sendPeriod/interval+1, sendLimit))
	}
	return max(1, sendLimit-beats-spareSends)
}

// take counts a payload sent at now, if one more may be sent; else it returns
// how long to wait.
func (w *sendWindow) take(now time.Time, limit int) (wait time.Duration) {
	w.expire(now)
	if w.count >= limit {
		oldest := w.times[(w.first+w.count-limit)%sendLimit]
		return max(oldest.Add(sendPeriod).Sub(now), time.Millisecond)
	}
	if w.times == nil {
		w.times = make([]time.Time, sendLimit)
	}
	w.times[(w.first+w.count)%sendLimit] = now
	w.count++
	return 0
}

// expire drops what was sent a period ago or earlier.
func (w *sendWindow) expire(now time.Time) {
	for w.count > 0 && now.Sub(w.times[w.first]) >= sendPeriod {
		w.first = (w.first + 1) % sendLimit
		w.count--
	}
}

// reset begins the window of a new connection.
func (w *sendWindow) reset() { w.first, w.count = 0, 0 }
