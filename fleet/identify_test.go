//go:build !plan9 && !aix

package fleet

import (
	"testing"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

// TestIdentifiesOfAll processes go through one queue: none comes early, in any bucket.
func TestIdentifiesOfAll(t *testing.T) {
	const shards = 8
	st := newStage(t, shards, gatewaytest.WithMaxConcurrency(4), gatewaytest.WithIdentifyInterval(time.Second))
	edit := func(c *Config) { c.period = 1100 * time.Millisecond }
	a, b, c := st.join("a", edit), st.join("b", edit), st.join("c", edit)
	st.spread(shards, a, b, c)
	st.check(0, shards)
	for _, n := range []*node{a, b, c} {
		n.stop(t)
	}
}

// TestBudgetOfAll processes is counted once for all, and the reserve is not touched although all
// want to identify at the same time.
func TestBudgetOfAll(t *testing.T) {
	const shards, total, left = 6, 100, 8
	st := newStage(t, shards, gatewaytest.WithSessionStartLimit(total, left))
	a, b := st.join("a"), st.join("b")
	want := left - total/20
	st.spread(want, a, b)
	eventually(t, "the budget", func() bool { return a.Engine().Budget().Remaining == total/20 })
	eventually(t, "the budget", func() bool {
		got := b.Engine().Budget()
		return got.Total == total && got.Reserve == total/20
	})
	time.Sleep(300 * time.Millisecond) // in which none more may come
	if r := st.gateway.Report(); int(r.Identifies) != want || r.ExcessIdentifies != 0 {
		t.Errorf("%d identifies, want %d", r.Identifies, want)
	}
	a.stop(t)
	b.stop(t)
}
