//go:build linux || darwin

package publish

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/gateway"
)

// serverEnv has the test program be a NATS server: what a benchmark measures is then the process
// that publishes, alone.
const serverEnv = "SLUICE_PUBLISH_SERVER"

func TestMain(m *testing.M) {
	dir := os.Getenv(serverEnv)
	if dir == "" {
		os.Exit(m.Run())
	}
	s, err := embedded.Start(embedded.Config{Dir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(s.URL())
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // until the other end is closed
	s.Close()
}

// natsProcess starts a server in a process of its own, and connects to it.
func natsProcess(b *testing.B) *nats.Conn {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), serverEnv+"="+b.TempDir())
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
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal("the server's process has ended")
	}
	conn, err := nats.Connect(strings.TrimSpace(url))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(conn.Close)
	return conn
}

// cpuTime is what this process has used.
func cpuTime() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPublish is what a callback costs that publishes 800 bytes to a server in another
// process: cpu-ns/op is the CPU time of this process an event, with what the connection's goroutines use.
func BenchmarkPublish(b *testing.B) {
	for _, way := range []string{"nothing", "core", "stream", "library"} {
		b.Run(way, func(b *testing.B) {
			conn := natsProcess(b)
			r := newRig(b)
			p, err := New(Config{Conn: conn, Prefix: "bench"})
			if err != nil {
				b.Fatal(err)
			}
			js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(8192))
			if err != nil {
				b.Fatal(err)
			}
			if way == "stream" || way == "library" {
				_, err := js.CreateStream(b.Context(), jetstream.StreamConfig{
					Name: "BENCH", Subjects: []string{"bench.ev.>"}, MaxMsgs: 1000, Storage: jetstream.MemoryStorage, Duplicates: time.Second,
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			done := make(chan struct{})
			r.eng.On(gateway.Events(gateway.EventMessageCreate), func(ev *engine.Event) {
				defer close(done)
				publish := map[string]func(*engine.Event){
					"nothing": func(*engine.Event) {}, "core": p.Publish, "stream": p.publishStream,
					"library": func(ev *engine.Event) { // what "stream" does, by nats.go's own means
						m := &nats.Msg{Subject: p.subject(ev), Data: bytes.Clone(ev.Data)}
						if _, err := js.PublishMsgAsync(m, jetstream.WithMsgID(ev.Session+":"+strconv.FormatInt(ev.Seq, 10))); err != nil {
							b.Error(err)
						}
					},
				}[way]
				own := *ev
				b.ReportAllocs()
				b.SetBytes(int64(len(ev.Data)))
				began := cpuTime()
				for b.Loop() {
					own.Seq++ // or the stream has it already
					publish(&own)
				}
				_ = conn.Flush()
				_ = p.drain(context.Background())
				<-js.PublishAsyncComplete()
				b.ReportMetric(float64(cpuTime()-began)/float64(b.N), "cpu-ns/op")
			})
			r.run()
			eventually(b, "READY", func() bool { return r.eng.Shard(1) != nil && r.eng.Shard(1).State().String() == "Ready" })
			r.srv.Dispatch(1, "MESSAGE_CREATE", fmt.Appendf(nil, `{"content":"%s"}`, strings.Repeat("x", 786)))
			<-done
			_ = p.Close(context.Background())
		})
	}
}
