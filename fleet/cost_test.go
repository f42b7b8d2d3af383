//go:build linux || darwin

package fleet

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// What a fleet costs: the gateway and NATS are processes of their own, so that what is measured is
// the bot's.
//
//	go test -run='^$' -bench=Cost -benchtime=1x ./fleet
//	go test -run='^$' -bench=Traffic -benchtime=1x -timeout=30m ./fleet

// backstageEnv has the test program be the gateway and the NATS server: "SHARDS RATE DIR".
const backstageEnv = "SLUICE_FLEET_BACKSTAGE"

func TestMain(m *testing.M) {
	if os.Getenv(backstageEnv) == "" {
		os.Exit(m.Run())
	}
	if err := backstage(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// scene is what the other process says of itself.
type scene struct{ API, Token, NATS string }

func backstage() error {
	var shards int
	var rate float64
	var dir string
	if _, err := fmt.Sscan(os.Getenv(backstageEnv), &shards, &rate, &dir); err != nil {
		return err
	}
	srv, err := gatewaytest.Start(
		gatewaytest.WithTLS(false), gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(min(shards, 500)), gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithSessionStartLimit(1_000_000, 1_000_000), gatewaytest.WithGuilds(1, 0), gatewaytest.WithTraffic(rate),
	)
	if err != nil {
		return err
	}
	defer srv.Close()
	s, err := embedded.Start(embedded.Config{Dir: dir})
	if err != nil {
		return err
	}
	defer s.Close()
	if err := json.NewEncoder(os.Stdout).Encode(scene{srv.APIURL(), srv.Token(), s.URL()}); err != nil {
		return err
	}
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the other end is closed
	return nil
}

func startBackstage(b *testing.B, shards int, rate float64) (s scene) {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d %g %s", backstageEnv, shards, rate, b.TempDir()))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	if err := json.NewDecoder(out).Decode(&s); err != nil {
		b.Fatal(err)
	}
	return s
}

func (s *scene) config() engine.Config {
	return engine.Config{
		Token: engine.NewToken(s.Token), APIURL: s.API, Intents: gateway.IntentsAll, Logger: slog.New(slog.DiscardHandler),
	}
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// settled waits until so many shards of engines are ready.
func settled(b *testing.B, shards int, engines ...*engine.Engine) {
	b.Helper()
	for limit := time.Now().Add(10 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		ready := 0
		for _, e := range engines {
			for s := range e.Shards() {
				if s.State().String() == "Ready" {
					ready++
				}
			}
		}
		if ready == shards {
			return
		}
		if time.Now().After(limit) {
			b.Fatalf("%d of %d shards are ready", ready, shards)
		}
	}
}

// perEvent measures the CPU time of this process an event, over a while.
func perEvent(e *engine.Engine) float64 {
	time.Sleep(time.Second)
	cpu, events := cpuTime(), e.Stats().Events
	time.Sleep(5 * time.Second)
	return float64(cpuTime()-cpu) / float64(e.Stats().Events-events)
}

// BenchmarkCost holds an engine in a fleet against the same engine without one, in turn.
func BenchmarkCost(b *testing.B) {
	const shards, rounds = 150, 7
	s := startBackstage(b, shards, 400)
	run := func(e *engine.Engine, do func(context.Context) error) float64 {
		ctx, cancel := context.WithCancel(b.Context())
		defer cancel()
		result := make(chan error, 1)
		e.On(gateway.AllDispatches(), func(*engine.Event) {})
		go func() { result <- do(ctx) }()
		settled(b, shards, e)
		cost := perEvent(e)
		cancel()
		if err := <-result; err != nil {
			b.Error(err)
		}
		return cost
	}
	var with, without, ratios []float64
	for b.Loop() {
		for range rounds {
			c := s.config()
			c.IdentifyQueue, c.Shards = identify.Unlimited{}, engine.Shards{Total: shards}
			e, err := engine.New(c)
			if err != nil {
				b.Fatal(err)
			}
			without = append(without, run(e, e.Run))
			f, err := Join(b.Context(), Config{NATS: s.NATS, Total: shards, Engine: s.config(), period: time.Millisecond})
			if err != nil {
				b.Fatal(err)
			}
			with = append(with, run(f.Engine(), f.Run))
			n := len(with) - 1
			ratios = append(ratios, with[n]/without[n])
			b.Logf("%.0f ns an event with a fleet, %.0f without", with[n], without[n])
		}
	}
	b.ReportMetric(median(with), "cpu-ns/event-with")
	b.ReportMetric(median(without), "cpu-ns/event-without")
	b.ReportMetric(median(ratios), "with/without")
}

func median(list []float64) float64 {
	list = slices.Sorted(slices.Values(list))
	return list[len(list)/2]
}

// meter dials, and counts what passes in both directions.
type meter struct{ atomic.Int64 }

func (m *meter) Dial(network, address string) (net.Conn, error) {
	conn, err := net.Dial(network, address)
	return &metered{conn, m}, err
}

type metered struct {
	net.Conn
	*meter
}

func (c *metered) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.Add(int64(n))
	return n, err
}

func (c *metered) Write(b []byte) (int, error) {
	n, err := c.Conn.Write(b)
	c.Add(int64(n))
	return n, err
}

// BenchmarkTraffic is what processes with 10,000 shards have to do with NATS, in and out: one that
// has them all, and three.
func BenchmarkTraffic(b *testing.B) {
	for _, nodes := range []int{1, 3} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			const shards, rate, seconds = 10_000, 0.3, 20
			s := startBackstage(b, shards, rate)
			ctx, cancel := context.WithCancel(b.Context())
			result := make(chan error, nodes)
			var engines []*engine.Engine
			meters := make([]meter, nodes)
			for i := range nodes {
				f, err := Join(ctx, Config{NATS: s.NATS, Options: []nats.Option{nats.SetCustomDialer(&meters[i])}, Name: fmt.Sprint(i), Total: shards, Engine: s.config(), period: time.Millisecond})
				if err != nil {
					b.Fatal(err)
				}
				engines = append(engines, f.Engine())
				go func() { result <- f.Run(ctx) }()
			}
			settled(b, shards, engines...)
			time.Sleep(5 * time.Second)
			bytes := func() (list []int64) {
				for i := range meters {
					list = append(list, meters[i].Load())
				}
				return list
			}
			for b.Loop() {
				before := bytes()
				time.Sleep(seconds * time.Second)
				var most float64
				var each []string
				for i, now := range bytes() {
					kb := float64(now-before[i]) / seconds / 1000
					most = max(most, kb)
					each = append(each, fmt.Sprintf("%.0f", kb))
				}
				b.Logf("KB/s of each process: %s", strings.Join(each, ", "))
				b.ReportMetric(most, "KB/s-a-node")
			}
			cancel()
			for range nodes {
				<-result
			}
		})
	}
}
