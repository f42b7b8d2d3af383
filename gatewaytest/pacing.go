package gatewaytest

import (
	"fmt"
	"math"
	"time"
)

// Pacing is how finely a server keeps to the times of its traffic.
type Pacing uint8

const (
	// PacingBurst writes events when a timer of Go's goes off. That is up to 1 ms late in a
	// process that has little else to do, so what came due meanwhile, at 10,000 events/s some
	// ten events of different connections, is written at once.
	PacingBurst Pacing = iota

	// PacingExact writes each event by itself when it is due, within some 30 µs, and spreads the
	// connections' times evenly. On Linux each event costs the server one more wake, some 10 µs
	// of CPU; elsewhere the server keeps a processor busy while an event is due within 2 ms.
	PacingExact

	pacings = 2
)

// String returns "burst" or "exact".
func (p Pacing) String() string {
	if p >= pacings {
		return fmt.Sprintf("Pacing(%d)", uint8(p))
	}
	return [pacings]string{"burst", "exact"}[p]
}

// ParsePacing is the inverse of String.
func ParsePacing(s string) (Pacing, error) {
	for p := range Pacing(pacings) {
		if s == p.String() {
			return p, nil
		}
	}
	return 0, fmt.Errorf("gatewaytest: unknown pacing %q: want burst or exact", s)
}

// WithPacing sets how finely the server keeps to the times of [WithTraffic] and [WithTrace]. The
// default is [PacingBurst].
func WithPacing(p Pacing) Option { return func(cfg *config) { cfg.pacing = p } }

// firstDue returns when the traffic of a session begins that has come to it now.
func (s *session) firstDue(now time.Time) time.Time {
	cfg := s.srv.cfg
	if cfg.pacing != PacingExact || cfg.rate <= 0 {
		return now
	}
	return latestBeat(s.srv.epoch, now, s.shard, time.Duration(float64(time.Second)/cfg.rate))
}

// latestBeat returns the last time, not after now, of a rhythm that begins somewhere in the first
// period behind epoch. Any number of shards in a row have their beats spread evenly over a period:
// multiples of the golden ratio lie so (Knuth, The Art of Computer Programming, section 6.4).
func latestBeat(epoch, now time.Time, shard int, period time.Duration) time.Time {
	_, part := math.Modf(float64(shard) * (math.Phi - 1))
	first := epoch.Add(time.Duration(part * float64(period)))
	if period <= 0 || now.Before(first) {
		return now
	}
	return now.Add(-(now.Sub(first) % period))
}
