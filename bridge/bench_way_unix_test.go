//go:build unix

package bridge_test

import (
	"context"
	"log/slog"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
)

// BenchmarkWay is the way of an event from the gateway's socket, in zlib-stream: to a callback of the engine's alone,
// and through the bridge to the sockets of so many bots. At the rate max, a read brings hundreds of events, and senders
// write them to bots. At 5,000 a second it brings a few, which the engine's goroutine writes at once: what is
// compared then is how often threads wait and are woken, waits/event. Ways by a relay are those of a bot on another
// bridge, which passes it on: relay-cpu-ns/event is what that one spends.
func BenchmarkWay(b *testing.B) {
	for _, rate := range []string{"max", "5000"} {
		for _, way := range []struct {
			name  string
			bots  int
			query string
			relay bool
		}{
			{"engine", -1, "", false},
			{"no-bot", 0, "", false},
			{"bot-none", 1, "v=10", false},
			{"bots-none-2", 2, "v=10", false},
			{"bot-zlib", 1, "v=10&compress=zlib-stream", false},
			{"bot-zstd", 1, "v=10&compress=zstd-stream", false},
			{"relay-none", 1, "v=10", true},
			{"relay-zlib", 1, "v=10&compress=zlib-stream", true},
			{"relay-zstd", 1, "v=10&compress=zstd-stream", true},
		} {
			b.Run(way.name+"/rate="+rate, func(b *testing.B) { benchmarkWay(b, rate, way.bots, way.query, way.relay) })
		}
	}
}

func benchmarkWay(b *testing.B, rate string, bots int, query string, relay bool) {
	words := child(b, "gateway", "RATE="+rate).line(b)
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(words[1]), APIURL: words[0], Intents: gateway.IntentsAll,
		IdentifyQueue: identify.Unlimited{}, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var br *bridge.Bridge
	var address string
	if bots >= 0 {
		br, err = bridge.New(bridge.Config{
			Engine: eng, Bots: []bridge.Bot{{Name: "blue", Token: blueToken}}, ReplayBytes: 64 << 20, Logger: logger(),
		})
		if err != nil {
			b.Fatal(err)
		}
		defer br.Close()
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		go br.Serve(ctx, l)
		defer func() {
			if bots > 0 && br.Stats().Slow > 0 {
				b.Error("a bot was too slow: the figure is of less than it should be")
			}
		}()
		address = l.Addr().String()
	}
	var events atomic.Int64
	reached := make(chan struct{}, 1)
	var target atomic.Int64
	target.Store(1 << 62)
	eng.On(gateway.AllDispatches(), func(*engine.Event) {
		if events.Add(1) == target.Load() {
			reached <- struct{}{}
		}
	})
	done := make(chan error, 1)
	go func() { done <- eng.Run(ctx) }()
	for events.Load() < 100 {
		time.Sleep(time.Millisecond) // until the shard is ready
	}
	var passer *process
	if relay {
		passer = child(b, "relay", "OWNER="+address, "TOKEN="+words[1])
		address = passer.line(b)[0]
	}
	for range bots {
		child(b, address+" "+query)
	}
	for bots > 0 && br.Stats().Starts < int64(bots) {
		time.Sleep(time.Millisecond)
	}
	b.ResetTimer()
	first := events.Load()
	var passerBefore, passerAfter time.Duration
	if relay {
		passerBefore, _ = passer.spent(b)
	}
	before, waited := spent()
	target.Store(first + int64(b.N))
	if events.Load() < first+int64(b.N) {
		<-reached
	}
	b.StopTimer()
	took, waits := spent()
	if relay {
		passerAfter, _ = passer.spent(b)
	}
	n := float64(events.Load() - first)
	b.ReportMetric(float64(took-before)/n, "cpu-ns/event")
	b.ReportMetric(float64(waits-waited)/n, "waits/event")
	if relay {
		b.ReportMetric(float64(passerAfter-passerBefore)/n, "relay-cpu-ns/event")
	}
	cancel()
	<-done
}
