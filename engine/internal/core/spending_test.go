package core

import (
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// counted gives the rig a budget of so many identifies a day.
func (r *rig) counted(total int) *rig {
	b := budget.New(0, slog.New(slog.DiscardHandler), func() {})
	b.Learn(r.now, total, total, budget.Period)
	r.core.budget = b
	return r
}

// identify takes the rig from wherever it is to Identifying, and returns how long
// that took.
func (r *rig) identify() time.Duration {
	r.t.Helper()
	begin := r.now
	if r.core.state == lifecycle.Closing {
		r.peerClose(4000, "")
	}
	for r.core.state == lifecycle.Disconnected {
		r.timer()
	}
	r.connect()
	r.recv(testHello)
	r.want(lifecycle.Queued)
	r.permit()
	r.want(lifecycle.Identifying)
	return r.now.Sub(begin)
}

// TestOneShardCannotSpendAll: identifies that bring no session that lives are sent
// ever less often, whatever it is that ends them.
func TestOneShardCannotSpendAll(t *testing.T) {
	ends := map[string]func(r *rig){
		"closed with 1011":              func(r *rig) { r.peerClose(1011, "") },
		"reset":                         func(r *rig) { r.fail(errReset) },
		"invalid session":               func(r *rig) { r.recv(`{"op":9,"d":false}`) },
		"READY, then invalid session":   func(r *rig) { r.recv(testReady); r.recv(`{"op":9,"d":false}`) },
		"READY, then 4009":              func(r *rig) { r.recv(testReady); r.peerClose(4009, "") },
		"READY, a resume, then invalid": func(r *rig) { r.recv(testReady); r.fail(errReset); r.back(); r.recv(`{"op":9,"d":false}`) },
		"no READY":                      func(r *rig) { r.timer(); r.timer(); r.want(lifecycle.Closing) },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			for _, random := range []float64{0, 0.5, 1} {
				r := newRig(t).counted(1000)
				r.core.random = func() float64 { return random }
				begin, count := r.now, 0
				for ; r.now.Sub(begin) < 10*time.Minute; count++ {
					r.identify()
					end(r)
				}
				if count > 12 {
					t.Errorf("%d identifies in 10 minutes", count)
				}
				for ; r.now.Sub(begin) < 24*time.Hour; count++ {
					r.identify()
					end(r)
				}
				if count > 1000/5 {
					t.Errorf("%d identifies in a day, of 1000 for all shards", count)
				}
			}
		})
	}
}

// TestIdentifiesThatLive are not put off; but a shard whose sessions live for a
// minute each spends no more than its share.
func TestIdentifiesThatLive(t *testing.T) {
	for _, total := range []int{0, 1000, 100_000} {
		share := max(leastShare, total/shareOf)
		r := newRig(t).counted(total)
		var times []time.Time
		for range 3 * share {
			took := r.identify()
			times = append(times, r.now)
			if n := len(times); n <= share && took > 10*time.Second {
				t.Errorf("a total of %d: identify %d waited %v", total, n, took)
			} else if n > share && r.now.Sub(times[n-1-share]) < spendPeriod {
				t.Errorf("a total of %d: %d identifies in %v", total, share+1, r.now.Sub(times[n-1-share]))
			}
			r.recv(testReady)
			r.recv(testAck)
			r.after(time.Second)
			r.recv(`{"op":9,"d":false}`)
		}
		if n := len(r.core.spending.times); n > share {
			t.Errorf("%d times are kept", n)
		}
	}
}

// TestPutOffEnds: a session that lives ends the row, and Restart the wait, but
// not that for the shard's share.
func TestPutOffEnds(t *testing.T) {
	fail := func(r *rig) {
		for range freeIdentifies + 1 {
			r.identify()
			r.peerClose(1011, "")
		}
		if why := (*identify.ShardBudgetError)(nil); !errors.As(r.core.redial.waits, &why) ||
			why.Failed != freeIdentifies+1 || !why.Until.Equal(r.core.Next()) {
			t.Fatalf("waits for %v", r.core.redial.waits)
		}
	}
	r := newRig(t).counted(1000)
	fail(r)
	r.identify()
	r.recv(testReady)
	r.recv(testAck)
	if s := r.core.spending; s.failed != 0 {
		t.Errorf("after a session that lived: %+v", s)
	}

	r = newRig(t).counted(1000)
	fail(r)
	r.core.Restart(r.now)
	if took := r.identify(); took != 0 {
		t.Errorf("after Restart: waited %v", took)
	}
	for len(r.core.spending.times) < leastShare {
		r.peerClose(1011, "")
		r.core.Restart(r.now)
		r.identify()
	}
	r.peerClose(1011, "")
	r.core.Restart(r.now)
	if took := r.identify(); took < spendPeriod/2 {
		t.Errorf("with its share spent: waited %v", took)
	}
}

// TestPutOffIsNoFailure, and costs no connection; nothing is put off where no budget
// counts.
func TestPutOffIsNoFailure(t *testing.T) {
	r := newRig(t, func(c *settings) { c.Retries = freeIdentifies + 1 }).counted(1000)
	for range freeIdentifies + 1 {
		r.identify()
		r.peerClose(1011, "")
	}
	dials := len(r.dialed)
	r.timer()
	r.want(lifecycle.Connecting)
	if len(r.dialed) != dials+1 || r.core.redial.failures != freeIdentifies+1 {
		t.Errorf("%d dials, %d failures", len(r.dialed)-dials, r.core.redial.failures)
	}

	r = newRig(t)
	for range 100 {
		if took := r.identify(); took > backoffCap {
			t.Fatalf("waited %v though no budget counts", took)
		}
		r.peerClose(1011, "")
	}
	r.after(spendPeriod)
	r.identify()
	if n := len(r.core.spending.times); n != 1 {
		t.Errorf("%d times are kept though no budget counts", n)
	}
}
