package engine

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/reactor"
)

// TestCloseCountsAreBounded: whatever codes a gateway sends.
func TestCloseCountsAreBounded(t *testing.T) {
	var c closeCounts
	for code := gateway.CloseCode(1000); code < 5000; code++ {
		c.add(code, lifecycle.ByGateway)
		c.add(code, lifecycle.ByNobody)
	}
	c.add(1000, lifecycle.ByGateway)
	sum, others := uint64(0), 0
	list := c.list()
	for _, n := range list {
		sum += n.Count
		if n.Code == OtherClose {
			others++
		}
	}
	if sum != 8001 || others != 2 || len(list) != maxCloses+2 {
		t.Errorf("%d ends in %d ways, %d of them of other codes", sum, len(list), others)
	}
	if list[0].By != lifecycle.ByNobody || list[0].Code != 1000 || list[maxCloses/2+1] != (CloseCount{1000, lifecycle.ByGateway, 2}) {
		t.Errorf("in the order %v", list)
	}
}

// silentFleet is an engine with so many shards that do nothing, over loops of a kind.
func silentFleet(tb testing.TB, shards, loops int) *Engine {
	e := &Engine{config: *testConfig(tb), born: time.Now()}
	e.budget = budget.New(0, e.config.Logger, func() {})
	e.figures.init()
	counts := make([]reactor.Counts, loops)
	for id := range shards {
		s := &Shard{id: id, total: shards, engine: e, config: &e.config, counts: &counts[id%loops]}
		s.public.state = lifecycle.Ready
		s.public.counters.Events = uint64(id)
		s.link.Start("session", 0, time.Minute)
		e.fleet.shards = append(e.fleet.shards, s)
	}
	return e
}

// BenchmarkOverview is what a look at a fleet costs: with event loops, and with a
// loop for each shard.
func BenchmarkOverview(b *testing.B) {
	for _, loops := range []int{8, 10_000} {
		b.Run(fmt.Sprintf("shards=10000/loops=%d", loops), func(b *testing.B) {
			e := silentFleet(b, 10_000, loops)
			waste := make([]byte, 64<<20) // what a busy process does to its caches meanwhile
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				for i := 0; i < len(waste); i += 64 {
					waste[i]++
				}
				b.StartTimer()
				e.Overview()
			}
		})
	}
}
