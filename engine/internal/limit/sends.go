// Package limit keeps what Discord limits: how many payloads a connection may send, and
// how often the members of a guild may be asked for. Times are given to it.
package limit

import "time"

const (
	// Sends payloads may be sent in each Period on one connection, or
	// the gateway closes it (Discord: "Gateway", heading "Rate Limiting"). The
	// period has a margin for the network: what leaves 60 s apart can arrive
	// closer together.
	Sends  = 120
	Period = 60*time.Second + 250*time.Millisecond

	// Spare is kept free besides the heartbeats of the rhythm: for those
	// that the gateway asks for, and for the identify or resume.
	Spare = 3
)

// Commands returns how many of the user's payloads fit in a period beside
// the heartbeats of a rhythm, where limit payloads are allowed in all: 0 is
// Sends. A negative limit is none, which is returned as it is.
func Commands(limit int, interval time.Duration) int {
	switch {
	case limit < 0:
		return limit
	case limit == 0:
		limit = Sends
	}
	beats := limit
	if interval > 0 {
		beats = int(min(Period/interval+1, time.Duration(limit)))
	}
	return max(1, limit-beats-Spare)
}

// Window is the sliding window of what users sent on one connection: the
// times of the last payloads, oldest first. Its methods take the limit on the
// user's payloads; a negative one is none.
type Window struct {
	times []time.Time // a ring that grows with what is sent, up to the limit
	first int
	count int
}

// Wait returns how long it is until one more payload may be sent, 0 if it may at
// once.
func (w *Window) Wait(now time.Time, limit int) time.Duration {
	if limit < 0 {
		return 0
	}
	w.expire(now)
	if w.count < limit {
		return 0
	}
	return max(w.at(w.count-limit).Add(Period).Sub(now), time.Millisecond)
}

// Note counts a payload that is sent now, when wait has just returned 0.
func (w *Window) Note(now time.Time, limit int) {
	if limit < 0 {
		return
	}
	if w.count == len(w.times) {
		grown := make([]time.Time, max(8, min(2*w.count, limit)))
		for i := range w.count {
			grown[i] = w.at(i)
		}
		w.times, w.first = grown, 0
	}
	w.times[(w.first+w.count)%len(w.times)] = now
	w.count++
}

// Left returns how many payloads may be sent at once, and when one more may be:
// the zero time if none was sent.
func (w *Window) Left(now time.Time, limit int) (left int, next time.Time) {
	w.expire(now)
	if w.count == 0 {
		return limit, time.Time{}
	}
	return max(0, limit-w.count), w.at(max(0, w.count-limit)).Add(Period)
}

// Used returns how many payloads count, as of when Wait or Left was last called.
func (w *Window) Used() int { return w.count }

// at returns when payload i of those that count was sent.
func (w *Window) at(i int) time.Time { return w.times[(w.first+i)%len(w.times)] }

// expire drops what was sent a period ago or earlier.
func (w *Window) expire(now time.Time) {
	for w.count > 0 && now.Sub(w.times[w.first]) >= Period {
		w.first = (w.first + 1) % len(w.times)
		w.count--
	}
}

// Reset begins the window of a new connection.
func (w *Window) Reset() { w.first, w.count = 0, 0 }
