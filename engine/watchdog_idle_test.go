package engine

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestIdleWatchdogSleeps: while nothing happens Run looks after things seldom, and often while a
// callback is at work.
func TestIdleWatchdogSleeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		var looks atomic.Int64
		r.wall = func(now time.Time) time.Time { looks.Add(1); return wallClock(now) }
		release := make(chan struct{})
		r.On(gateway.Events(gateway.EventMessageCreate), func(*Event) { <-release })
		r.run()
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		time.Sleep(2 * idleLook)
		synctest.Wait()
		const silence = 5 * time.Minute
		before := looks.Load()
		time.Sleep(silence)
		synctest.Wait()
		// A heartbeat and its ACK have it look a few times more.
		beats := int(silence/(30*time.Second)) + 1 // and some more
		if n, most := int(looks.Load()-before), int(silence/idleLook)+4*beats; n > most {
			t.Errorf("%d looks in %v, want at most %d", n, silence, most)
		}
		p.event(2)
		time.Sleep(idleLook)
		synctest.Wait()
		before = looks.Load()
		time.Sleep(10 * busyLimit)
		synctest.Wait()
		if n := looks.Load() - before; n < 9 {
			t.Errorf("%d looks while a callback is at work for %v", n, 10*busyLimit)
		}
		close(release)
		r.end(p)
	})
}
