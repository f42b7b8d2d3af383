package guard

import (
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// TestAttempt: what follows a crash goes on whatever a logger or a store does.
func TestAttempt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		for _, do := range []func(){func() { panic("wrong") }, runtime.Goexit, func() { <-release }} {
			begin := time.Now()
			if Attempt(time.Second, do); time.Since(begin) > time.Second {
				t.Errorf("took %v", time.Since(begin))
			}
		}
		close(release)
	})
}
