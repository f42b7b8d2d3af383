package bench

import (
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// BenchmarkIdle is how often a process with 1000 shards is woken while nothing comes but heartbeats,
// of which there are 24 a second. Each iteration is 5 s: -benchtime 4x.
func BenchmarkIdle(b *testing.B) {
	process := startGateways(b, 1)
	startBot(b, process.hello[0], engine.AutoDriver)
	time.Sleep(10 * time.Second) // the engine returns memory 5 s after the last shard became ready
	var wall, cpu time.Duration
	var woken int64
	for b.Loop() {
		start, before, count := time.Now(), cpuTime(), sleeps()
		time.Sleep(5 * time.Second)
		wall, cpu, woken = wall+time.Since(start), cpu+cpuTime()-before, woken+sleeps()-count
	}
	b.ReportMetric(float64(woken)/wall.Seconds(), "wakes/s")
	b.ReportMetric(cpu.Seconds()*1e3/driverShards*60/wall.Seconds(), "ms/shard/min")
}
