//go:build unix

package bridge_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// The gateway and the bots of a benchmark run in processes of their own, so that the CPU time that is measured is
// the engine's and the bridge's alone.

// roleVariable says which of them a process of this test program is.
const roleVariable = "BRIDGE_BENCH_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); {
	case role == "":
		os.Exit(m.Run())
	case role == "gateway":
		serveGateway(os.Getenv("RATE"))
	default:
		readAsBot(role)
	}
}

// serveGateway prints its API's URL and its token, and serves until its input ends.
func serveGateway(rate string) {
	perSecond := float64(gatewaytest.Saturated)
	if rate != "max" {
		fmt.Sscan(rate, &perSecond)
	}
	srv, err := gatewaytest.Start(gatewaytest.WithTLS(false), gatewaytest.WithIdentifyInterval(0), gatewaytest.WithTraffic(perSecond),
		gatewaytest.WithEvents(4_000_000), gatewaytest.WithGuilds(10, 20_000), gatewaytest.WithAllowedIntents(gateway.IntentsAll))
	if err != nil {
		panic(err)
	}
	fmt.Println(srv.APIURL(), srv.Token())
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}

// readAsBot identifies at an address and reads what comes, without looking at it.
func readAsBot(role string) {
	address, query, _ := strings.Cut(role, " ")
	nc, err := net.Dial("tcp", address)
	if err != nil {
		panic(err)
	}
	d := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return nc, nil }}
	if _, _, _, err := d.Dial(context.Background(), "ws://"+address+"/?"+query); err != nil {
		panic(err)
	}
	hello := fmt.Appendf(nil, identifyFormat, blueToken, gateway.IntentsAll)
	if err := ws.WriteFrame(nc, ws.MaskFrame(ws.NewTextFrame(hello))); err != nil {
		panic(err)
	}
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	buf := make([]byte, 1<<20)
	for {
		if _, err := nc.Read(buf); err != nil {
			os.Exit(1)
		}
	}
}

// child starts this program in a role, and ends it with the benchmark. It returns what it prints.
func child(b *testing.B, role string, more ...string) *bufio.Reader {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), roleVariable+"="+role), more...)
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return bufio.NewReader(out)
}

// spent returns the CPU time that the process has used, and how often a thread of it waited.
func spent() (cpu time.Duration, waits int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Nvcsw)
}

// BenchmarkWay is the way of an event from the gateway's socket, in zlib-stream: to a callback of the engine's alone,
// and through the bridge to the sockets of so many bots. At the rate max, a read brings hundreds of events, and senders
// write them to bots. At 5,000 a second it brings a few, which the engine's goroutine writes at once: what is
// compared then is how often threads wait and are woken, waits/event.
func BenchmarkWay(b *testing.B) {
	for _, rate := range []string{"max", "5000"} {
		for _, way := range []struct {
			name  string
			bots  int
			query string
		}{
			{"engine", -1, ""},
			{"no-bot", 0, ""},
			{"bot-none", 1, "v=10"},
			{"bots-none-2", 2, "v=10"},
			{"bot-zlib", 1, "v=10&compress=zlib-stream"},
			{"bot-zstd", 1, "v=10&compress=zstd-stream"},
		} {
			b.Run(way.name+"/rate="+rate, func(b *testing.B) { benchmarkWay(b, rate, way.bots, way.query) })
		}
	}
}

func benchmarkWay(b *testing.B, rate string, bots int, query string) {
	line, err := child(b, "gateway", "RATE="+rate).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	words := strings.Fields(line)
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
	for range bots {
		child(b, address+" "+query)
	}
	for bots > 0 && br.Stats().Starts < int64(bots) {
		time.Sleep(time.Millisecond)
	}
	b.ResetTimer()
	first := events.Load()
	before, waited := spent()
	target.Store(first + int64(b.N))
	if events.Load() < first+int64(b.N) {
		<-reached
	}
	b.StopTimer()
	took, waits := spent()
	n := float64(events.Load() - first)
	b.ReportMetric(float64(took-before)/n, "cpu-ns/event")
	b.ReportMetric(float64(waits-waited)/n, "waits/event")
	cancel()
	<-done
}
