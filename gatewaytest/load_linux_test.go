package gatewaytest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The load of BenchmarkLoad. What the package's documentation states is measured with
//
//	go test -run='^$' -bench=Load -benchtime=1x ./gatewaytest -args -load.connections=10000
var (
	loadConnections = flag.Int("load.connections", 100, "connections of BenchmarkLoad")
	loadRate        = flag.Float64("load.rate", 20, "events a second for each connection of BenchmarkLoad")
	loadSeconds     = flag.Int("load.seconds", 2, "how long BenchmarkLoad measures")
)

// loadServer is the variable of the environment that makes a server of the test binary.
const loadServer = "GATEWAYTEST_LOAD_SERVER"

// loadHello is the first line that the server's process prints.
type loadHello struct {
	URL, Token string
	Authority  []byte
}

// loadResult is the second.
type loadResult struct {
	Events, Bytes int64
	Wall, CPU     time.Duration
	RSS           int64 // less what the process took without connections
}

// BenchmarkLoad has a server in a process of its own, with one core, serve traffic to connections
// whose clients look at nothing. It reports what the server takes.
func BenchmarkLoad(b *testing.B) {
	for _, useTLS := range []bool{true, false} {
		for _, compress := range []Compression{CompressionZlib, CompressionZstd, CompressionNone} {
			b.Run(fmt.Sprintf("tls=%t/%v", useTLS, compress), func(b *testing.B) {
				for b.Loop() {
					r := load(b, useTLS, compress)
					events := float64(r.Events)
					b.ReportMetric(events/r.Wall.Seconds(), "events/s")
					b.ReportMetric(float64(r.Bytes)/events, "B/event")
					b.ReportMetric(r.CPU.Seconds()/r.Wall.Seconds(), "cores")
					b.ReportMetric(float64(r.CPU.Nanoseconds())/events, "cpu-ns/event")
					b.ReportMetric(float64(r.RSS)/float64(*loadConnections), "RSS-B/conn")
				}
			})
		}
	}
}

// load runs one server and its clients.
func load(b *testing.B, useTLS bool, compress Compression) (r loadResult) {
	raiseLimit(b)
	server := exec.Command(os.Args[0], "-test.run=^TestLoadServer$",
		"-load.connections="+strconv.Itoa(*loadConnections),
		"-load.rate="+strconv.FormatFloat(*loadRate, 'g', -1, 64),
		"-load.seconds="+strconv.Itoa(*loadSeconds))
	server.Env = append(os.Environ(), loadServer+"="+strconv.FormatBool(useTLS))
	server.Stderr = os.Stderr
	in, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	lines := json.NewDecoder(out)
	var hello loadHello
	if err := lines.Decode(&hello); err != nil {
		b.Fatal(err)
	}
	conns := dialLoad(b, &hello, compress)
	fmt.Fprintln(in, "measure")
	err = lines.Decode(&r)
	for _, nc := range conns {
		nc.Close()
	}
	in.Close()
	if err := errors.Join(err, server.Wait()); err != nil {
		b.Fatal(err)
	}
	return r
}

// dialLoad connects all clients, 32 at a time, and has each read and send heartbeats from then on.
func dialLoad(b *testing.B, hello *loadHello, compress Compression) []net.Conn {
	u, err := url.Parse(hello.URL)
	if err != nil {
		b.Fatal(err)
	}
	var config *tls.Config
	if u.Scheme == "wss" {
		config = &tls.Config{RootCAs: x509.NewCertPool(), ServerName: u.Hostname(), ClientSessionCache: tls.NewLRUClientSessionCache(64)}
		config.RootCAs.AppendCertsFromPEM(hello.Authority)
	}
	var wg sync.WaitGroup
	conns := make([]net.Conn, *loadConnections)
	next := make(chan int)
	for range 32 {
		wg.Go(func() {
			for i := range next {
				nc, err := net.Dial("tcp", u.Host)
				if err != nil {
					b.Error(err)
					continue
				}
				if config != nil {
					nc = tls.Client(nc, config)
				}
				conns[i] = nc
				identifyAs(b, nc, hello.Token, compress, i, *loadConnections)
				go beat(nc)
				go io.Copy(io.Discard, nc) // until the connection is closed
			}
		})
	}
	for i := range conns {
		next <- i
	}
	close(next)
	wg.Wait()
	if b.Failed() {
		b.FailNow()
	}
	return conns
}

// beat sends heartbeats until the connection is closed.
func beat(nc net.Conn) {
	for range time.Tick(20 * time.Second) {
		if _, err := nc.Write([]byte("\x81\x91\x00\x00\x00\x00{\"op\":1,\"d\":null}")); err != nil {
			return
		}
	}
}

// TestLoadServer is no test: it is the server's process of BenchmarkLoad.
func TestLoadServer(t *testing.T) {
	useTLS, err := strconv.ParseBool(os.Getenv(loadServer))
	if err != nil {
		t.Skip("BenchmarkLoad runs this")
	}
	runtime.GOMAXPROCS(1)
	raiseLimit(t)
	before := rss(t)
	n := *loadConnections
	srv := NewServer(t, WithTLS(useTLS), WithTraffic(*loadRate), WithShards(n), WithMaxConcurrency(n),
		WithIdentifyInterval(0), WithSessionStartLimit(n, n))
	lines := json.NewEncoder(os.Stdout)
	if err := lines.Encode(loadHello{srv.URL(), srv.Token(), srv.CertPEM()}); err != nil {
		t.Fatal(err)
	}
	stdin := bufio.NewReader(os.Stdin)
	if _, err := stdin.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	for shard := range n {
		if err := srv.WaitReady(t.Context(), shard); err != nil {
			t.Fatal(err)
		}
	}
	written := func() (r loadResult) {
		for _, s := range srv.Report().Sessions {
			r.Events += s.Events
			r.Bytes += s.Bytes
		}
		return r
	}
	from, cpu, began := written(), cpuTime(t), time.Now()
	time.Sleep(time.Duration(*loadSeconds) * time.Second)
	r := written()
	r.Events -= from.Events
	r.Bytes -= from.Bytes
	r.CPU, r.Wall = cpuTime(t)-cpu, time.Since(began)
	debug.FreeOSMemory()
	r.RSS = rss(t) - before
	if err := lines.Encode(r); err != nil {
		t.Fatal(err)
	}
	io.Copy(io.Discard, stdin) // until the benchmark has closed its connections
	os.Stdout.Close()
}

// raiseLimit allows the process as many descriptors as the load takes.
func raiseLimit(tb testing.TB) {
	want := uint64(*loadConnections) + 256
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		tb.Fatal(err)
	}
	if limit.Cur >= want {
		return
	}
	limit.Cur, limit.Max = want, max(limit.Max, want)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		tb.Fatalf("raising the limit of descriptors to %d: %v", want, err)
	}
}

// rss returns the resident memory of the process, in bytes.
func rss(tb testing.TB) int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		tb.Fatal(err)
	}
	pages, err := strconv.ParseInt(string(bytes.Fields(b)[1]), 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	return pages * int64(os.Getpagesize())
}

// cpuTime returns the processor time that the process has taken.
func cpuTime(tb testing.TB) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
