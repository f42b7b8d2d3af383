//go:build linux || darwin

package fleet

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// What a fleet costs: the gateway and NATS are processes of their own, so that what is measured is
// the bot's.
//
//	go test -run='^$' -bench=Cost -benchtime=1x ./fleet
//	go test -run='^$' -bench=Traffic -benchtime=1x -timeout=30m ./fleet

// BenchmarkCost holds an engine in a fleet against the same engine without one, over TLS and
// zlib-stream. Each is a process of its own with a gateway of its own, and both run at the same time,
// so that what else the machine does meets both. What a process costs also depends on where its memory
// happens to lie: the pair is started anew several times, and the spread is that of the pairs.
func BenchmarkCost(b *testing.B) {
	const shards, rate, pairs, length = 150, 400, 10, 15 * time.Second
	var ratios, with, without []float64
	for b.Loop() {
		for pair := range pairs {
			names := []string{"alone", "member"}
			if pair%2 == 1 {
				slices.Reverse(names)
			}
			var stages, bots []*child
			for _, name := range names {
				stage, s := startBackstage(b, shards, rate, true)
				stages, bots = append(stages, stage), append(bots, startBot(b, name, shards, s))
			}
			settled(b, 2*shards, bots...)
			time.Sleep(time.Second)
			cost := perEvent(length, bots)
			for _, c := range append(bots, stages...) {
				c.end()
			}
			if pair%2 == 1 {
				slices.Reverse(cost)
			}
			without, with, ratios = append(without, cost[0]), append(with, cost[1]), append(ratios, cost[1]/cost[0])
			b.Logf("%.0f ns an event with a fleet, %.0f without: %.3f", cost[1], cost[0], cost[1]/cost[0])
		}
	}
	b.ReportMetric(median(with), "cpu-ns/event-with")
	b.ReportMetric(median(without), "cpu-ns/event-without")
	mean, off := meanOf(ratios)
	b.ReportMetric(mean, "with/without")
	b.ReportMetric(off, "±standard-error")
}

// perEvent measures the CPU time in ns an event of processes, over the same while.
func perEvent(length time.Duration, bots []*child) []float64 {
	var before []counts
	for _, c := range bots {
		before = append(before, c.counts())
	}
	time.Sleep(length)
	var cost []float64
	for i, c := range bots {
		now := c.counts()
		cost = append(cost, float64(now.CPU-before[i].CPU)/float64(now.Events-before[i].Events))
	}
	return cost
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return (list[(len(list)-1)/2] + list[len(list)/2]) / 2
}

// meanOf returns the mean and its standard error.
func meanOf(list []float64) (mean, off float64) {
	n := float64(len(list))
	for _, x := range list {
		mean += x / n
	}
	for _, x := range list {
		off += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(off / max(n-1, 1) / n)
}

// BenchmarkTraffic is what processes with 10,000 shards have to do with NATS, in and out: one that
// has them all, and three.
func BenchmarkTraffic(b *testing.B) {
	for _, nodes := range []int{1, 3} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			const shards, rate, seconds = 10_000, 0.3, 20
			_, s := startBackstage(b, shards, rate, false)
			var bots []*child
			for i := range nodes {
				bots = append(bots, startBot(b, fmt.Sprint(i), shards, s))
			}
			settled(b, shards, bots...)
			time.Sleep(10 * time.Second)
			for b.Loop() {
				var before []counts
				for _, c := range bots {
					before = append(before, c.counts())
				}
				time.Sleep(seconds * time.Second)
				var most float64
				var each []string
				for i, c := range bots {
					now := c.counts()
					kb := float64(now.Bytes-before[i].Bytes) / seconds / 1000
					most = max(most, kb)
					each = append(each, fmt.Sprintf("%.0f (%d shards, %.1f ms of CPU a second)", kb, now.Ready, (now.CPU-before[i].CPU).Seconds()*1000/seconds))
				}
				b.Logf("KB/s of each process: %s", strings.Join(each, ", "))
				b.ReportMetric(most, "KB/s-a-node")
			}
			for _, c := range bots {
				c.end()
			}
		})
	}
}
