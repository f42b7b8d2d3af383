package engine_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// soakReconnects is how often connections are lost. `make soak` wants 10,000.
var soakReconnects = flag.Int("reconnects", 1000, "connections that TestPain21 loses")

// soakShards lose their connections together, so that the first round is the
// first hundred reconnects.
const soakShards = 100

// soakEnds are the ways in which a round ends all connections, each with its own
// way through the engine.
var soakEnds = map[string]func(*gatewaytest.Server, int){
	"drop":            func(srv *gatewaytest.Server, shard int) { srv.Drop(shard) },
	"close":           func(srv *gatewaytest.Server, shard int) { srv.CloseWith(shard, 4000, "see you") },
	"reconnect":       func(srv *gatewaytest.Server, shard int) { srv.Reconnect(shard) },
	"invalid session": func(srv *gatewaytest.Server, shard int) { srv.InvalidateSession(shard, true) },
	"damage":          func(srv *gatewaytest.Server, shard int) { srv.Dispatch(shard, "X", nil) }, // behind it
}

// TestPain21_SoakServer is no test: it is the gateway of TestPain21 in a process
// of its own, so that nothing of it is measured.
func TestPain21_SoakServer(t *testing.T) {
	if os.Getenv("SLUICE_SOAK_SERVER") == "" {
		t.Skip("a part of TestPain21")
	}
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(soakShards), gatewaytest.WithGuilds(2, 1000),
		gatewaytest.WithMaxConcurrency(soakShards))
	hello, err := json.Marshal(soakHello{srv.APIURL(), srv.Token(), srv.CertPEM()})
	if err != nil {
		t.Fatal(err)
	}
	fmt.Printf("%s\n", hello)
	orders := bufio.NewScanner(os.Stdin)
	for orders.Scan() {
		end := soakEnds[orders.Text()]
		if orders.Text() == "damage" {
			damage := fault.Fault{Point: fault.AtEvent, Action: fault.ActionCorrupt, Times: soakShards}
			if err := srv.Inject(damage); err != nil {
				t.Fatal(err)
			}
		}
		for shard := range soakShards {
			end(srv, shard)
		}
	}
}

type soakHello struct {
	APIURL, Token string
	CA            []byte
}

// soakServer starts the gateway. Its input is where to order ends.
func soakServer(t *testing.T) (hello soakHello, orders io.Writer) {
	t.Helper()
	command := exec.Command(os.Args[0], "-test.run=^TestPain21_SoakServer$")
	command.Env = append(os.Environ(), "SLUICE_SOAK_SERVER=1")
	command.Stderr = os.Stderr
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		in.Close()
		io.Copy(io.Discard, out)
		if err := command.Wait(); err != nil {
			t.Error("the gateway:", err)
		}
	})
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &hello)
	}
	if err != nil {
		t.Fatalf("the gateway said %q: %v", line, err)
	}
	return hello, in
}

// footprint is what a leak would add to.
type footprint struct {
	goroutines  int
	descriptors int    // 0 where the system does not list them
	heap        uint64 // live bytes
}

// exceeds reports whether there are more goroutines or descriptors than in other.
func (f footprint) exceeds(other footprint) bool {
	return f.goroutines > other.goroutines || f.descriptors > other.descriptors
}

// measure takes the least of what is there for a moment: a dial that has just
// succeeded is about to end its goroutine.
func measure() (least footprint) {
	for i := range 50 {
		now := footprint{goroutines: runtime.NumGoroutine()}
		if files, err := os.ReadDir("/proc/self/fd"); err == nil {
			now.descriptors = len(files)
		}
		if i == 0 {
			least = now
		}
		least.goroutines = min(least.goroutines, now.goroutines)
		least.descriptors = min(least.descriptors, now.descriptors)
		time.Sleep(2 * time.Millisecond)
	}
	for range 3 { // pools give up what they hold after two cycles
		runtime.GC()
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	least.heap = stats.HeapAlloc
	return least
}

// TestPain21_Soak loses connections again and again, in every way, and holds
// goroutines, descriptors and heap at the end against those after the first
// hundred.
func TestPain21_Soak(t *testing.T) {
	rounds := *soakReconnects / soakShards
	if testing.Short() {
		rounds = min(rounds, 3)
	}
	for name, driver := range map[string]engine.Driver{"auto": engine.AutoDriver, "portable": engine.PortableDriver} {
		t.Run(name, func(t *testing.T) { soak(t, driver, rounds) })
	}
}

func soak(t *testing.T, driver engine.Driver, rounds int) {
	hello, orders := soakServer(t)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(hello.CA)
	e, err := engine.New(engine.Config{
		Token: engine.NewToken(hello.Token), APIURL: hello.APIURL, TLS: &tls.Config{RootCAs: roots},
		Intents: gateway.IntentsAll, Driver: driver, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	e.WithoutBackoff()
	var back atomic.Int64
	changed := make(chan struct{}, 1)
	e.On(gateway.Events(gateway.EventGuildsReady, gateway.EventSessionResumed), func(*engine.Event) {
		back.Add(1)
		select {
		case changed <- struct{}{}:
		default:
		}
	})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	await := func(n int) {
		t.Helper()
		limit := time.NewTimer(patience)
		defer limit.Stop()
		for back.Load() < int64(n) {
			select {
			case <-changed:
				limit.Reset(patience)
			case err := <-ended:
				t.Fatalf("Run returned %v", err)
			case <-limit.C:
				t.Fatalf("%d shards came back, want %d", back.Load(), n)
			}
		}
	}
	await(soakShards)
	var first footprint
	ways := slices.Sorted(maps.Keys(soakEnds))
	for round := range rounds {
		fmt.Fprintln(orders, ways[round%len(ways)])
		await(soakShards * (2 + round))
		if round == 0 {
			first = measure()
		}
	}
	last := measure()
	for limit := time.Now().Add(patience); last.exceeds(first) && time.Now().Before(limit); {
		last = measure() // what has ended may not have had the time to go
	}
	stats := e.Stats()
	t.Logf("%d reconnects, %d resumes: after the first %d %+v, after the last %+v", stats.Reconnects, stats.Resumes, soakShards, first, last)
	if stats.Reconnects < uint64(rounds*soakShards) || stats.Identifies != soakShards {
		t.Errorf("%d reconnects, %d identifies", stats.Reconnects, stats.Identifies)
	}
	if last.exceeds(first) {
		t.Errorf("goroutines or descriptors grew: %+v to %+v", first, last)
	}
	// What pools and tables may hold more now is less than ten thousand reconnects
	// would leave behind if each left 50 bytes.
	if limit := first.heap + 512<<10; last.heap > limit {
		t.Errorf("the heap grew from %d to %d bytes", first.heap, last.heap)
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("Run returned %v", err)
	}
}
