package engine

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// TestTidy: once after each storm, not during it, and not too often.
func TestTidy(t *testing.T) {
	start := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	var d tidy
	var at []time.Duration
	ready := uint64(0)
	for now := start; now.Before(start.Add(time.Hour)); now = now.Add(busyLimit) {
		since := now.Sub(start)
		switch {
		case since < 20*time.Second, // a storm
			since > 2*time.Minute && since < 3*time.Minute,                                  // another, too early
			since > 30*time.Minute && since < 31*time.Minute && since%(10*time.Second) == 0: // a breeze
			ready++
		}
		if d.due(now, ready) {
			at = append(at, since.Round(time.Second))
		}
	}
	if want := []time.Duration{25 * time.Second, 10*time.Minute + 25*time.Second}; !slices.Equal(at, want) {
		t.Errorf("tidied up at %v, want %v", at, want)
	}
}

// TestTidyUp: the engine counts what becomes ready, and does as it is told.
func TestTidyUp(t *testing.T) {
	actual := freeMemory
	defer func() { freeMemory = actual }()
	for _, keep := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			var freed atomic.Int32
			freeMemory = func() { freed.Add(1) }
			r := start(t, func(c *Config) {
				c.KeepMemory = keep
				c.Shards, c.IdentifyQueue = Shards{Total: stormSize}, identify.NewLocal(stormSize)
			})
			var peers []*peer
			for range stormSize {
				p := r.net.accept(t)
				p.begin()
				peers = append(peers, p)
			}
			time.Sleep(stormCalm - busyLimit)
			if n := freed.Load(); n != 0 {
				t.Errorf("tidied up before the storm was over")
			}
			time.Sleep(time.Hour)
			if n := freed.Load(); fmt.Sprint(n) != map[bool]string{false: "1", true: "0"}[keep] {
				t.Errorf("KeepMemory %v: tidied up %d times", keep, n)
			}
			r.end(peers...)
		})
	}
}
