//go:build !portable && !race

package reactor

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/sluice-go/sluice/internal/reactor/lend"
)

const (
	allocEnv   = "REACTOR_ALLOC_SERVER"
	allocReads = 100_000
	allocWarm  = 10_000 // reads before the measurement begins
)

// A read allocates nothing, TLS included. It is counted in a process of its own,
// in which nothing but the loop is at work: the server is this process, and
// answers each byte with a record.
func TestReadAllocatesNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds")
	}
	for _, kind := range []string{"TCP", "TLS"} {
		if why := lend.Supported(); kind == "TLS" && why != "" {
			t.Skip("with TLS only where records are lent, and they are not: ", why)
		}
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				if kind == "TLS" {
					conn = tls.Server(conn, &tls.Config{Certificates: []tls.Certificate{certificate()}})
				}
				go answer(conn)
			}
		}()
		child := exec.Command(os.Args[0], "-test.run=^TestReadAllocationsChild$")
		child.Env = append(os.Environ(), allocEnv+"="+kind+" "+listener.Addr().String())
		out, err := child.Output()
		listener.Close()
		if err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		var objects, bytes, reads int
		if _, err := fmt.Sscanf(string(out), "objects %d bytes %d reads %d", &objects, &bytes, &reads); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
		t.Logf("%s: %d objects and %d bytes in %d reads", kind, objects, bytes, reads)
		// The runtime allocates a little on its own.
		if reads < allocReads || objects > reads/1000 || bytes > reads {
			t.Errorf("%s: %d objects and %d bytes in %d reads", kind, objects, bytes, reads)
		}
	}
}

func answer(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	record := make([]byte, 800)
	for {
		if _, err := in.ReadByte(); err != nil {
			return
		}
		if _, err := conn.Write(record); err != nil {
			return
		}
	}
}

// TestReadAllocationsChild is the other process of TestReadAllocatesNothing.
func TestReadAllocationsChild(t *testing.T) {
	var kind, address string
	if _, err := fmt.Sscan(os.Getenv(allocEnv), &kind, &address); err != nil {
		t.Skip("only for TestReadAllocatesNothing")
	}
	d, err := New(1, 0, nil)
	if err != nil {
		t.Skip(err)
	}
	var read int // records, of all tasks: they share a loop
	var before, after [2]uint64
	var tasks []*lean
	for range 8 {
		raw, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		conn := d.Wrap(raw)
		if kind == "TLS" {
			conn = tls.Client(conn, &tls.Config{InsecureSkipVerify: true}) // the parent's own
		}
		one := []byte{1}
		if _, err := conn.Write(one); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(conn, make([]byte, 1)); err != nil {
			t.Fatal(err)
		}
		k := &lean{over: make(chan struct{})}
		k.loop = d.NewLoop(k)
		got := 1
		k.feed = func(b []byte) {
			if got += len(b); got < 800 {
				return
			}
			got -= 800
			switch read++; read {
			case allocWarm:
				runtime.GC()
				before = allocated()
			case allocWarm + allocReads:
				after = allocated()
			}
			if _, err := conn.Write(one); err != nil {
				t.Error(err)
			}
		}
		k.advance = func() (done bool) {
			if !k.attached {
				k.attached = true
				k.loop.Attach(conn, nil)
			}
			return read > allocWarm+allocReads
		}
		tasks = append(tasks, k)
	}
	for _, k := range tasks {
		k.loop.Start()
	}
	for _, k := range tasks {
		<-k.over
	}
	fmt.Printf("objects %d bytes %d reads %d\n", after[0]-before[0], after[1]-before[1], allocReads)
	os.Exit(0) // before the test framework says anything
}

// lean is a task that allocates nothing of its own.
type lean struct {
	loop     Loop
	attached bool
	feed     func(b []byte)
	advance  func() (done bool)
	over     chan struct{}
}

func (k *lean) Feed(_ time.Time, b []byte)                       { k.feed(b) }
func (k *lean) Fail(_ time.Time, err error)                      { panic(err) }
func (k *lean) Advance(time.Time, bool) (next time.Time, _ bool) { return next, k.advance() }
func (k *lean) Done()                                            { close(k.over) }

var samples = []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/tiny/allocs:objects"}, {Name: "/gc/heap/allocs:bytes"}}

// allocated returns the objects and bytes that were allocated so far.
func allocated() [2]uint64 {
	metrics.Read(samples)
	return [2]uint64{samples[0].Value.Uint64() + samples[1].Value.Uint64(), samples[2].Value.Uint64()}
}
