// Package guard runs code that may not come back.
package guard

import "time"

// Attempt does something that may panic, too, or not return.
func Attempt(limit time.Duration, do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = recover() }()
		do()
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-done:
	case <-timer.C:
	}
}
