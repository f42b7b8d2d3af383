//go:build unix && !plan9 && !aix

package main

import (
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// BenchmarkServeHandOver has a second process join and end, with NATS and the gateway in this one: two of four shards go there
// and back each time, each with 1,000 average guilds and a bot, at 100 events a second for all. away-ms-max is the longest that
// the gateway had no connection of one of them.
func BenchmarkServeHandOver(b *testing.B) {
	s := newServers(b, gatewaytest.WithGuilds(1000, 0), gatewaytest.WithTraffic(25))
	page := free(b)
	_, first := s.start("first", "--http", page)
	bot := s.bot(first)
	eventually(b, "all guilds", func() bool {
		bot.mu.Lock()
		defer bot.mu.Unlock()
		return atLeast(1)(bot.ready)
	})
	moved := func() int64 { return s.gateway.Report().Resumes }
	for i := range b.N {
		second, _ := s.start("second")
		eventually(b, "shards go there", func() bool { return moved() >= int64(4*i+2) })
		eventually(b, "they are there", func() bool { return sessions(b, page) == 2 })
		if err := second.Signal(syscall.SIGTERM); err != nil {
			b.Fatal(err)
		}
		eventually(b, "shards come back", func() bool { return moved() >= int64(4*i+4) })
		<-second.ended
		eventually(b, "they are back", func() bool { return sessions(b, page) == serveShards })
	}
	b.ReportMetric(float64(moved())/float64(b.N), "handovers/op")
	b.ReportMetric(s.away().Seconds()*1e3, "away-ms-max")
	b.ReportMetric(0, "ns/op")
	bot.check(b, "in the end", [serveShards]int{1, 1, 1, 1}, [serveShards]int{})
}
