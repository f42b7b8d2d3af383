package bridge_test

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// BenchmarkHandOver hands shards with one bot over to a bridge that has just started: all at the same time, as a fleet
// does. Their guilds are average, 100 events a second come for all shards, and each has 4 MiB of events that the bot may ask
// for. B is what goes over, begin-ms how long it takes while the shards still run, and away-ms for how long the gateway has
// no connection of theirs: from before they close until all have resumed. Of that, close-ms is the engine's, rest-ms what
// went over last, and resume-ms the engine's again.
func BenchmarkHandOver(b *testing.B) {
	for _, of := range []struct{ shards, guilds int }{{1, 1000}, {25, 200}} {
		b.Run(fmt.Sprintf("shards=%d/guilds=%d", of.shards, of.guilds), func(b *testing.B) { benchmarkHandOver(b, of.shards, of.guilds) })
	}
}

func benchmarkHandOver(b *testing.B, shards, guilds int) {
	srv := gatewaytest.NewServer(b, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTLS(false), gatewaytest.WithShards(shards),
		gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithGuilds(guilds, 0), gatewaytest.WithTraffic(100/float64(shards)))
	dir := &directory{total: shards, scheme: "ws://", owner: map[int]string{}, doubted: map[int]string{}}
	sizes := &sizeHandler{Handler: logger().Handler()}
	from := newReceiver(b, srv, dir, slog.New(sizes))
	whole := make(chan struct{}, shards)
	from.eng.On(gateway.Events(gateway.EventGuildsReady), func(*engine.Event) { whole <- struct{}{} })
	var specs []engine.ShardSpec
	for id := range shards {
		specs = append(specs, engine.ShardSpec{ID: id, Total: shards})
		dir.set(id, from.address)
	}
	if _, err := from.eng.Attach(specs); err != nil {
		b.Fatal(err)
	}
	for range shards {
		<-whole
	}
	bot := from.connect(b, blueToken, func(c *engine.Config) { c.Shards = engine.Shards{Count: shards, Total: shards} })
	bot.wait(b, "GUILD_CREATE", guilds*shards)
	content := strings.Repeat("x", 1000)
	for i := range 4000 * shards {
		srv.Dispatch(i%shards, "MESSAGE_CREATE", fmt.Appendf(nil, `{"id":"%d","guild_id":"1","content":%q}`, i, content))
		if i%1000 == 999 {
			bot.wait(b, "MESSAGE_CREATE", i) // it may be only so far behind
		}
	}
	var took handOverTimes
	sizes.reset()
	for range b.N {
		b.StopTimer()
		to := newReceiver(b, srv, dir, slog.New(sizes))
		b.StartTimer()
		took.handOver(b, dir, from, to)
		from = to
	}
	took.report(b, sizes.reset())
	bot.stop()
	bot.checkSeqs(b)
	bot.mu.Lock()
	defer bot.mu.Unlock()
	if bot.lost > 0 || bot.names["READY"] != shards {
		b.Errorf("the bot lost %d sessions and had %d READYs", bot.lost, bot.names["READY"])
	}
}

// handOverTimes are how long the steps of hand-overs took.
type handOverTimes struct{ begin, closed, rest, resume time.Duration }

// handOver moves all shards of a bridge to another one, as a process of a fleet does.
func (took *handOverTimes) handOver(b *testing.B, dir *directory, from, to *stand) {
	resumed := make(chan struct{}, dir.total)
	defer to.eng.On(gateway.Events(gateway.EventResumed, gateway.EventReady), func(ev *engine.Event) {
		if ev.Type == gateway.EventReady {
			b.Error("a shard began a new session")
		}
		resumed <- struct{}{}
	})()
	ups := slices.SortedFunc(from.eng.Shards(), func(x, y *engine.Shard) int { return x.ID() - y.ID() })
	handovers := make([]*bridge.Handover, len(ups))
	all := func(each func(i int)) {
		var working sync.WaitGroup
		for i := range ups {
			working.Go(func() { each(i) })
		}
		working.Wait()
	}
	lap := time.Now()
	step := func(sum *time.Duration) {
		now := time.Now()
		*sum += now.Sub(lap)
		lap = now
	}
	all(func(i int) { handovers[i] = from.bridge.HandOver(b.Context(), ups[i], dir.scheme+to.address) })
	step(&took.begin)
	specs, err := from.eng.Detach(b.Context(), ups...)
	if err != nil {
		b.Fatal(err)
	}
	step(&took.closed)
	all(func(i int) { handovers[i].Finish(b.Context(), specs[i].Session) })
	step(&took.rest)
	for _, spec := range specs {
		dir.set(spec.ID, to.address)
	}
	if _, err := to.eng.Attach(specs); err != nil {
		b.Fatal(err)
	}
	for range ups {
		<-resumed
	}
	step(&took.resume)
	for _, h := range handovers {
		h.Left()
	}
}

func (took *handOverTimes) report(b *testing.B, size int64) {
	n := float64(b.N)
	for unit, d := range map[string]time.Duration{
		"begin-ms": took.begin, "close-ms": took.closed, "rest-ms": took.rest, "resume-ms": took.resume,
		"away-ms": took.closed + took.rest + took.resume,
	} {
		b.ReportMetric(d.Seconds()*1e3/n, unit)
	}
	b.ReportMetric(float64(size)/n, "B")
	b.ReportMetric(0, "ns/op")
}

// newReceiver runs a bridge whose engine has no shard yet.
func newReceiver(t testing.TB, srv *gatewaytest.Server, dir *directory, logger *slog.Logger, edit ...func(*bridge.Config)) *stand {
	t.Helper()
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), Intents: gateway.IntentsAll, StartEmpty: true,
		IdentifyQueue: identify.Unlimited{}, Logger: logger,
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	config := bridge.Config{
		Engine: eng, Bots: []bridge.Bot{{Name: "blue", Token: blueToken}}, Logger: logger,
		Peers: seenBy{dir, address}, Token: engine.NewToken(srv.Token()), ReplayBytes: dir.total * 4 << 20,
	}
	for _, f := range edit {
		f(&config)
	}
	br, err := bridge.New(config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { _ = eng.Run(ctx) })
	running.Go(func() { _ = br.Serve(ctx, l) })
	s := &stand{srv: srv, eng: eng, bridge: br, address: address}
	s.stop = sync.OnceFunc(func() {
		br.Close()
		cancel()
		running.Wait()
	})
	t.Cleanup(s.stop)
	<-eng.Accepting()
	return s
}

// sizeHandler adds up what the log says of bytes.
type sizeHandler struct {
	slog.Handler
	size atomic.Int64
}

func (h *sizeHandler) Enabled(context.Context, slog.Level) bool { return true }

// Handle implements slog.Handler.
func (h *sizeHandler) Handle(ctx context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "bytes" {
			h.size.Add(a.Value.Int64())
		}
		return true
	})
	if !h.Handler.Enabled(ctx, r.Level) {
		return nil
	}
	return h.Handler.Handle(ctx, r)
}

func (h *sizeHandler) reset() int64 { return h.size.Swap(0) }
