package bench

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/traffic"
)

// driverShards is how many connections each driver has in BenchmarkDrivers.
const driverShards = 1000

// drivers are what BenchmarkDrivers compares.
var drivers = []struct {
	name   string
	driver engine.Driver
}{
	{"loops", engine.AutoDriver},
	{"portable", engine.PortableDriver},
}

// BenchmarkDrivers is what an event costs that comes over TLS, without compression,
// from a gateway in a process of its own, by event loops and by the portable driver.
// Both have their connections all the time, and are sent events in turn, each to a
// shard at random, so that whatever else the machine does meets both. Each iteration
// is a second of each: -benchtime 15x. It reports the medians of user and system time
// in ns/event, and the median of the ratios, lap by lap.
func BenchmarkDrivers(b *testing.B) {
	for _, rate := range []int{10_000, 50_000} {
		b.Run(fmt.Sprintf("rate=%d", rate), func(b *testing.B) { raceDrivers(b, rate) })
	}
}

func raceDrivers(b *testing.B, rate int) {
	process := startGateways(b, len(drivers))
	events := make([]*atomic.Int64, len(drivers))
	for i, d := range drivers {
		events[i] = startBot(b, process.hello[i], d.driver)
	}
	time.Sleep(10 * time.Second) // the engine returns memory 5 s after the last shard became ready
	costs := make([][]float64, len(drivers))
	var ratios []float64
	for b.Loop() {
		for i := range drivers {
			process.send(i, rate)
			time.Sleep(200 * time.Millisecond)
			began, from := cpuTime(), events[i].Load()
			time.Sleep(time.Second)
			costs[i] = append(costs[i], float64(cpuTime()-began)/float64(events[i].Load()-from))
			process.send(i, 0)
		}
		last := len(costs[0]) - 1
		ratios = append(ratios, costs[0][last]/costs[1][last])
	}
	b.ReportMetric(0, "ns/op")
	for i, d := range drivers {
		b.ReportMetric(median(costs[i]), d.name+"-ns/event")
	}
	b.ReportMetric(median(ratios), "loops/portable")
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// startBot runs an engine until the benchmark ends, and returns how many events its
// callback was given, once all its shards are ready.
func startBot(b *testing.B, to gatewayHello, driver engine.Driver) *atomic.Int64 {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(to.CA))
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(to.Token), APIURL: to.API, TLS: &tls.Config{RootCAs: roots},
		Shards: engine.Shards{Total: driverShards}, Compression: engine.NoCompression,
		Driver: driver, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	events, ready := new(atomic.Int64), make(chan struct{}, driverShards)
	eng.On(gateway.AllDispatches(), func(*engine.Event) { events.Add(1) })
	eng.On(gateway.Events(gateway.EventReady), func(*engine.Event) { ready <- struct{}{} })
	ended := make(chan error, 1)
	go func() {
		defer close(ended)
		ended <- eng.Run(b.Context())
	}()
	b.Cleanup(func() {
		if err := <-ended; err != nil {
			b.Error(err)
		}
	})
	for range driverShards {
		select {
		case <-ready:
		case err := <-ended:
			b.Fatal("an engine ended: ", err)
		case <-time.After(time.Minute):
			b.Fatal("not all shards became ready")
		}
	}
	return events
}

// gatewayVariable is the variable of the environment that makes gateways of the test
// binary: how many.
const gatewayVariable = "SLUICE_BENCH_GATEWAYS"

// gatewayHello is what a bot must know of a gateway.
type gatewayHello struct{ API, Token, CA string }

// gatewayProcess serves gateways in a process of its own, so that its CPU time does not count.
type gatewayProcess struct {
	b     *testing.B
	in    io.Writer
	hello []gatewayHello
}

func startGateways(b *testing.B, n int) *gatewayProcess {
	child := exec.Command(os.Args[0], "-test.run=^TestGatewayProcess$")
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d", gatewayVariable, n))
	child.Stderr = os.Stderr
	in, err := child.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := child.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := child.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = in.Close()
		_ = child.Wait()
	})
	p := &gatewayProcess{b: b, in: in}
	if err := json.NewDecoder(out).Decode(&p.hello); err != nil {
		b.Fatal("the gateway's process: ", err)
	}
	return p
}

// send has one of the gateways, and no other, send so many events a second.
func (p *gatewayProcess) send(which, rate int) {
	if _, err := fmt.Fprintln(p.in, which, rate); err != nil {
		p.b.Fatal(err)
	}
}

// TestGatewayProcess is the other process of BenchmarkDrivers: it serves gateways
// until its standard input ends, and sends events as that says.
func TestGatewayProcess(t *testing.T) {
	var n int
	if _, err := fmt.Sscan(os.Getenv(gatewayVariable), &n); err != nil {
		t.Skip("is run by BenchmarkDrivers")
	}
	servers := make([]*gatewaytest.Server, n)
	hello := make([]gatewayHello, n)
	for i := range servers {
		s := gatewaytest.NewServer(t, gatewaytest.WithShards(driverShards), gatewaytest.WithMaxConcurrency(driverShards),
			gatewaytest.WithIdentifyInterval(0), gatewaytest.WithSessionStartLimit(2*driverShards, 2*driverShards))
		servers[i], hello[i] = s, gatewayHello{s.APIURL(), s.Token(), string(s.CertPEM())}
	}
	if err := json.NewEncoder(os.Stdout).Encode(hello); err != nil {
		t.Fatal(err)
	}
	rates := make(chan [2]int)
	go func() {
		defer close(rates)
		for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
			var which, rate int
			if _, err := fmt.Sscan(lines.Text(), &which, &rate); err == nil {
				rates <- [2]int{which, rate}
			}
		}
	}()
	g := traffic.New(1)
	var events [512][]byte
	var names [512]string
	for i := range events {
		name, data := g.Next()
		names[i], events[i] = name, bytes.Clone(data)
	}
	for which, rate := 0, 0; ; {
		began, sent := time.Now(), 0
		tick := time.NewTicker(100 * time.Microsecond)
	pace:
		for {
			select {
			case next, open := <-rates:
				if !open {
					return
				}
				which, rate = next[0], next[1]
				break pace
			case <-tick.C:
				for due := int(time.Since(began).Seconds() * float64(rate)); sent < due; sent++ {
					i := rand.IntN(len(events))
					servers[which].Dispatch(rand.IntN(driverShards), names[i], events[i])
				}
			}
		}
		tick.Stop()
	}
}
