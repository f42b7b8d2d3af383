//go:build linux || darwin

package fleet

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
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

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// Benchmarks of what a process uses start processes: the test program again, as a gateway with a
// NATS server ("backstage SHARDS RATE TLS DIR"), or as a bot ("bot NAME TOTAL").
const childEnv = "SLUICE_FLEET_CHILD"

func TestMain(m *testing.M) {
	role, _, _ := strings.Cut(os.Getenv(childEnv), " ")
	act := map[string]func(lines *bufio.Scanner, out *json.Encoder) error{"backstage": backstage, "bot": bot}[role]
	if act == nil {
		os.Exit(m.Run())
	}
	if err := act(bufio.NewScanner(os.Stdin), json.NewEncoder(os.Stdout)); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// scene is where a bot is to connect to.
type scene struct{ API, Token, CA, NATS string }

func backstage(lines *bufio.Scanner, out *json.Encoder) error {
	var role, dir string
	var shards int
	var rate float64
	var encrypted bool
	if _, err := fmt.Sscan(os.Getenv(childEnv), &role, &shards, &rate, &encrypted, &dir); err != nil {
		return err
	}
	srv, err := gatewaytest.Start(
		gatewaytest.WithTLS(encrypted), gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(min(shards, 500)), gatewaytest.WithIdentifyInterval(0),
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
	if err := out.Encode(scene{srv.APIURL(), srv.Token(), string(srv.CertPEM()), s.URL()}); err != nil {
		return err
	}
	lines.Scan() // until the other end is closed
	return nil
}

// counts are what a bot has used and had since its start.
type counts struct {
	CPU    time.Duration // user and system
	Events uint64
	Ready  int
	Bytes  int64 // to and from NATS
}

// bot is an engine in a fleet, or by itself if its name is "alone". It is told its scene, and
// answers each further line with counts.
func bot(lines *bufio.Scanner, out *json.Encoder) error {
	var role, name string
	var total int
	var s scene
	if _, err := fmt.Sscan(os.Getenv(childEnv), &role, &name, &total); err != nil {
		return err
	}
	lines.Buffer(nil, 1<<20)
	if !lines.Scan() {
		return lines.Err()
	}
	if err := json.Unmarshal(lines.Bytes(), &s); err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c := engine.Config{
		Token: engine.NewToken(s.Token), APIURL: s.API, Intents: gateway.IntentsAll, Logger: slog.New(slog.DiscardHandler),
	}
	if s.CA != "" {
		authorities := x509.NewCertPool()
		authorities.AppendCertsFromPEM([]byte(s.CA))
		c.TLS = &tls.Config{RootCAs: authorities, MinVersion: tls.VersionTLS12}
	}
	var eng *engine.Engine
	var run func(context.Context) error
	m := &meter{}
	if name == "alone" {
		c.IdentifyQueue, c.Shards = identify.Unlimited{}, engine.Shards{Total: total}
		var err error
		if eng, err = engine.New(c); err != nil {
			return err
		}
		run = eng.Run
	} else {
		f, err := Join(ctx, Config{
			NATS: s.NATS, Options: []nats.Option{nats.SetCustomDialer(m)}, Name: name, Total: total, Engine: c, period: time.Millisecond,
		})
		if err != nil {
			return err
		}
		eng, run = f.Engine(), f.Run
	}
	eng.On(gateway.AllDispatches(), func(*engine.Event) {})
	result := make(chan error, 1)
	go func() { result <- run(ctx) }()
	for lines.Scan() {
		now := counts{CPU: cpuTime(), Events: eng.Stats().Events, Bytes: m.Load()}
		for s := range eng.Shards() {
			if s.State().String() == "Ready" {
				now.Ready++
			}
		}
		if err := out.Encode(now); err != nil {
			return err
		}
	}
	cancel()
	return <-result
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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

// child is the other end of a process.
type child struct {
	b   *testing.B
	cmd *exec.Cmd
	in  io.WriteCloser
	out *json.Decoder
}

func startChild(b *testing.B, format string, args ...any) *child {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := &child{b: b, cmd: exec.Command(self)}
	c.cmd.Env = append(os.Environ(), childEnv+"="+fmt.Sprintf(format, args...))
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		b.Fatal(err)
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	c.out = json.NewDecoder(out)
	if err := c.cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(c.end)
	return c
}

// startBackstage starts a gateway and a NATS server.
func startBackstage(b *testing.B, shards int, rate float64, encrypted bool) (*child, scene) {
	b.Helper()
	c := startChild(b, "backstage %d %g %v %s", shards, rate, encrypted, b.TempDir())
	var s scene
	c.read(&s)
	return c, s
}

// startBot starts a bot, whose name is that of a process of a fleet, or "alone".
func startBot(b *testing.B, name string, total int, s scene) *child {
	b.Helper()
	c := startChild(b, "bot %s %d", name, total)
	if err := json.NewEncoder(c.in).Encode(s); err != nil {
		b.Fatal(err)
	}
	return c
}

func (c *child) read(into any) {
	c.b.Helper()
	if err := c.out.Decode(into); err != nil {
		c.b.Fatalf("a process that the benchmark has started is gone: %v", err)
	}
}

// counts asks a bot.
func (c *child) counts() (now counts) {
	c.b.Helper()
	_, _ = io.WriteString(c.in, "\n")
	c.read(&now)
	return now
}

// end ends a process, and waits for that.
func (c *child) end() {
	_ = c.in.Close()
	_ = c.cmd.Wait()
}

// settled waits until so many shards of bots are ready.
func settled(b *testing.B, shards int, bots ...*child) {
	b.Helper()
	for limit := time.Now().Add(10 * time.Minute); ; time.Sleep(100 * time.Millisecond) {
		ready := 0
		for _, c := range bots {
			ready += c.counts().Ready
		}
		if ready == shards {
			return
		}
		if time.Now().After(limit) {
			b.Fatalf("%d of %d shards are ready", ready, shards)
		}
	}
}
