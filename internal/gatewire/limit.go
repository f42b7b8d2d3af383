package gatewire

import "time"

const (
	// MaxSends is how many payloads a connection may send in SendWindow (Discord: "Gateway", heading
	// "Rate Limiting").
	MaxSends   = 120
	SendWindow = time.Minute
)

// SendLimit counts the payloads of a connection in a sliding window. The zero value has counted none.
type SendLimit struct{ times []time.Time }

// Allow notes a payload that came now and reports whether it was within the limit.
func (l *SendLimit) Allow(now time.Time) bool {
	old := 0
	for old < len(l.times) && now.Sub(l.times[old]) >= SendWindow {
		old++
	}
	l.times = append(l.times[:0], l.times[old:]...)
	if len(l.times) == MaxSends {
		return false
	}
	l.times = append(l.times, now)
	return true
}
