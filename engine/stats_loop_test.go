package engine_test

import (
	"runtime"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gatewaytest"
)

// The loops' statistics are those of the shards, by who serves them.
func TestLoops(t *testing.T) {
	for _, driver := range []engine.Driver{engine.AutoDriver, engine.PortableDriver} {
		srv := gatewaytest.NewServer(t, gatewaytest.WithShards(40), gatewaytest.WithMaxConcurrency(40), gatewaytest.WithIdentifyInterval(0))
		c := connect(t, srv, func(config *engine.Config) { config.Driver = driver })
		if loops := c.Loops(); len(loops) != 0 && loops[0].Shards == 0 {
			t.Errorf("a loop that serves no shard: %+v", loops)
		}
		c.wait(t, "READY", func() bool { return c.names["READY"] == 40 })
		c.end(t)
		var sum engine.LoopStats
		loops := c.Loops()
		for _, l := range loops {
			if l.Wakes == 0 || l.Reads < uint64(l.Shards) { // hello and READY at least, perhaps in one read
				t.Errorf("%+v", l)
			}
			sum.Shards += l.Shards
			sum.Events += l.Events
			sum.InCallbacks += l.InCallbacks
			sum.LongestCallback = max(sum.LongestCallback, l.LongestCallback)
		}
		all := c.Stats()
		want := engine.LoopStats{Shards: 40, Events: all.Events, InCallbacks: all.InCallbacks, LongestCallback: all.LongestCallback}
		if sum != want || sum.Events < 40 {
			t.Errorf("%+v, want %+v", sum, want)
		}
		if driver == engine.PortableDriver && len(loops) != 40 {
			t.Errorf("%d loops for 40 shards with a goroutine each", len(loops))
		}
		if most := max(40, 4*runtime.GOMAXPROCS(0)); len(loops) > most {
			t.Errorf("%d loops, at most %d are of use", len(loops), most)
		}
	}
}
