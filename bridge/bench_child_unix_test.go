//go:build unix

package bridge_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// The gateway and the bots of a benchmark run in processes of their own, and so does a bridge that passes bots on, so that
// the CPU time that is measured is that of one engine and one bridge alone.

// roleVariable says which of them a process of this test program is.
const roleVariable = "BRIDGE_BENCH_ROLE"

func TestMain(m *testing.M) {
	switch role := os.Getenv(roleVariable); {
	case role == "":
		os.Exit(m.Run())
	case role == "gateway":
		serveGateway(os.Getenv("RATE"))
	case role == "relay":
		passOn(os.Getenv("OWNER"), os.Getenv("TOKEN"))
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

// passOn is a bridge that passes bots on to another one, which has the shard. It prints its address and then, for each line
// of its input, what it has spent, as spent has it.
func passOn(owner, token string) {
	eng, err := engine.New(engine.Config{Token: engine.NewToken(token), StartEmpty: true, Logger: logger()})
	if err != nil {
		panic(err)
	}
	b, err := bridge.New(bridge.Config{
		Engine: eng, Bots: []bridge.Bot{{Name: "blue", Token: blueToken}}, Logger: logger(), Token: engine.NewToken(token),
		Peers: seenBy{&directory{total: 1, scheme: "ws://", owner: map[int]string{0: "ws://" + owner}}, ""},
	})
	if err != nil {
		panic(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go b.Serve(context.Background(), l)
	fmt.Println(l.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		cpu, waits := spent()
		fmt.Println(int64(cpu), waits)
	}
	os.Exit(0)
}

// process is one that a benchmark has started.
type process struct {
	in  io.Writer
	out *bufio.Reader
}

// line returns the next words that the process prints.
func (p *process) line(b *testing.B) []string {
	b.Helper()
	text, err := p.out.ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.Fields(text)
}

// spent asks a bridge that passes bots on.
func (p *process) spent(b *testing.B) (cpu time.Duration, waits int64) {
	b.Helper()
	if _, err := io.WriteString(p.in, "\n"); err != nil {
		b.Fatal(err)
	}
	if _, err := fmt.Sscan(strings.Join(p.line(b), " "), (*int64)(&cpu), &waits); err != nil {
		b.Fatal(err)
	}
	return cpu, waits
}

// child starts this program in a role, and ends it with the benchmark.
func child(b *testing.B, role string, more ...string) *process {
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
	return &process{in, bufio.NewReader(out)}
}

// spent returns the CPU time that the process has used, and how often a thread of it waited.
func spent() (cpu time.Duration, waits int64) {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), int64(u.Nvcsw)
}
