//go:build !linux

package gatewaytest

import (
	"runtime"
	"time"
)

// coarse is how much earlier than the time a timer of Go's is set, for it may be so late. What is left
// is waited for by asking for the time again and again.
const coarse = 2 * time.Millisecond

// alarm is Go's timer, and a processor that is kept busy for the last of the time.
type alarm struct {
	rings chan time.Time // closed by close
	timer *time.Timer
}

func newAlarm() (*alarm, error) {
	return &alarm{make(chan time.Time, 1), time.NewTimer(0)}, nil
}

// ring has wait return at a time, and not when it was to before. Calls must not be concurrent, nor
// behind close.
func (a *alarm) ring(at time.Time) {
	select {
	case <-a.rings: // nobody has seen it yet
	default:
	}
	a.rings <- at
}

// wait waits for the next ring, and reports false when the alarm is closed.
func (a *alarm) wait() bool {
	at, ok := <-a.rings
	for ok {
		left := time.Until(at)
		if left <= 0 {
			return true
		}
		if left <= coarse {
			runtime.Gosched()
			select {
			case at, ok = <-a.rings:
			default:
			}
			continue
		}
		a.timer.Reset(left - coarse)
		select {
		case at, ok = <-a.rings:
		case <-a.timer.C:
		}
	}
	return false
}

// close ends wait.
func (a *alarm) close() { close(a.rings) }
