//go:build unix

package metrics

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/monitor"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

const (
	costShards = 1000
	costRate   = 50.0 // events a second for each shard

	// gatewayVariable is the variable of the environment that makes a gateway of the test binary.
	gatewayVariable = "SLUICE_METRICS_GATEWAY"
)

// gatewayHello is what a bot must know of the gateway.
type gatewayHello struct{ API, Token, CA string }

// BenchmarkScrapeBesideEvents is what a scrape each second and an open page cost a bot of 1,000
// shards that gets 50,000 events a second over TLS, compressed. Gateway, scraper and the page's
// stream are another process. Each iteration is three seconds without and three with, in turn: -benchtime 10x. It reports medians of
// the process's user and system time in ns/event, the median of the ratios, lap by lap, and
// allocations/event without a scrape.
func BenchmarkScrapeBesideEvents(b *testing.B) {
	e, in := bot(b, costShards, costRate)
	var events atomic.Int64
	e.On(gateway.AllDispatches(), func(*engine.Event) { events.Add(1) })
	page, err := monitor.New(monitor.Config{Engine: e, Metrics: handler(b, e, Options{})})
	if err != nil {
		b.Fatal(err)
	}
	srv := httptest.NewServer(page)
	defer srv.Close()
	defer page.Close()          // ends the stream
	time.Sleep(8 * time.Second) // the engine returns memory 5 s after the last shard became ready

	var without, with, ratios, allocations []float64
	lap := func(scrapes bool) (cost, allocs float64) {
		if _, err := fmt.Fprintln(in, scrapes, srv.URL); err != nil {
			b.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began, from := cpuTime(b), events.Load()
		time.Sleep(3 * time.Second)
		cost = float64(cpuTime(b)-began) / float64(events.Load()-from)
		runtime.ReadMemStats(&after)
		return cost, float64(after.Mallocs-before.Mallocs) / float64(events.Load()-from)
	}
	for turn := 0; b.Loop(); turn++ {
		var plain, scraped, allocs float64
		if turn%2 == 0 {
			plain, allocs = lap(false)
			scraped, _ = lap(true)
		} else {
			scraped, _ = lap(true)
			plain, allocs = lap(false)
		}
		without, with = append(without, plain), append(with, scraped)
		ratios, allocations = append(ratios, scraped/plain), append(allocations, allocs)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(without), "without-ns/event")
	b.ReportMetric(median(with), "with-ns/event")
	b.ReportMetric(median(ratios), "with/without")
	b.ReportMetric(median(allocations), "allocs/event")
}

// BenchmarkScrapeConnected is a scrape of 10,000 shards that are connected, and get an event a
// second each: its time, its size, and how much more heap is in use after the scrapes than after
// the first. -benchtime 1000x.
func BenchmarkScrapeConnected(b *testing.B) {
	e, _ := bot(b, 10_000, 1)
	h := handler(b, e, Options{PerShard: true})
	time.Sleep(8 * time.Second)
	for _, target := range []string{"/metrics", "/metrics?shards=all"} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			b.Run(target[1:]+"/"+coding, func(b *testing.B) {
				b.ReportAllocs()
				answer := func() int { return scrape(b, h, target, "Accept-Encoding", coding).Body.Len() }
				size, before := answer(), heap()
				for b.Loop() {
					answer()
				}
				b.ReportMetric(float64(size), "bytes")
				b.ReportMetric(float64(heap())-float64(before), "heap-growth-B")
			})
		}
	}
}

// bot runs an engine of so many shards, against a gateway in another process that sends each so
// many events a second. What is written to in says whether that process scrapes, and what.
func bot(b *testing.B, shards int, rate float64) (e *engine.Engine, in io.Writer) {
	in, hello := startGateway(b, shards, rate)
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM([]byte(hello.CA))
	e = run(b, engine.Config{
		Token: engine.NewToken(hello.Token), APIURL: hello.API, TLS: &tls.Config{RootCAs: roots}, Intents: gateway.IntentsAll,
	})
	eventually(b, "all shards ready", func() bool { return e.Overview().States[lifecycle.Ready] == shards })
	return e, in
}

func median(values []float64) float64 {
	slices.Sort(values)
	return (values[(len(values)-1)/2] + values[len(values)/2]) / 2
}

// cpuTime returns the user and system time of this process.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// startGateway starts the other process.
func startGateway(b *testing.B, shards int, rate float64) (in io.Writer, hello gatewayHello) {
	child := exec.Command(os.Args[0], "-test.run=^TestGatewayProcess$")
	child.Env = append(os.Environ(), fmt.Sprintf("%s=%d %v", gatewayVariable, shards, rate))
	child.Stderr = os.Stderr
	pipe, err := child.StdinPipe()
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
		_ = pipe.Close()
		_ = child.Wait()
	})
	if err := json.NewDecoder(out).Decode(&hello); err != nil {
		b.Fatal("the gateway's process: ", err)
	}
	return pipe, hello
}

// TestGatewayProcess is the other process of the benchmarks, until its standard input ends.
func TestGatewayProcess(t *testing.T) {
	var shards int
	var rate float64
	if _, err := fmt.Sscan(os.Getenv(gatewayVariable), &shards, &rate); err != nil {
		t.Skip("is run by the benchmarks")
	}
	s := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards),
		gatewaytest.WithIdentifyInterval(0), gatewaytest.WithSessionStartLimit(2*shards, 2*shards), gatewaytest.WithTraffic(rate))
	if err := json.NewEncoder(os.Stdout).Encode(gatewayHello{s.APIURL(), s.Token(), string(s.CertPEM())}); err != nil {
		t.Fatal(err)
	}
	watching, stop := context.WithCancel(t.Context())
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		stop()
		watching, stop = context.WithCancel(t.Context())
		var watches bool
		var url string
		if _, err := fmt.Sscan(lines.Text(), &watches, &url); err == nil && watches {
			go read(watching, url+"/api/v1/events")
			go func() {
				for tick := time.NewTicker(time.Second); watching.Err() == nil; <-tick.C {
					read(watching, url+"/metrics")
				}
			}()
		}
	}
	stop()
}

// read reads an answer to its end.
func read(ctx context.Context, url string) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		panic(err)
	}
	if answer, err := http.DefaultClient.Do(r); err == nil { // otherwise the lap is over
		_, _ = io.Copy(io.Discard, answer.Body)
		_ = answer.Body.Close()
	}
}
