package reactor

import (
	"crypto/tls"
	"io"
	"math/rand/v2"
	"net"
	"net/http/httptest"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/pool"
)

// drivers are those of the system by name. Where loops are refused, all are the same.
var drivers = map[string]func(tasks int) (Driver, error){
	"loops":    func(tasks int) (Driver, error) { return New(tasks, 0, nil) },
	"latency":  func(tasks int) (Driver, error) { return New(tasks, 3*time.Millisecond, nil) },
	"portable": func(int) (Driver, error) { return PortableDriver{}, nil },
}

// each runs a test over every driver of the system, for so many tasks, and checks
// that nothing is kept when the driver has ended: loops, loops whose leader stays or whose
// connections' events may wait, and goroutines.
func each(t *testing.T, tasks int, test func(t *testing.T, d Driver)) {
	for name, open := range drivers {
		t.Run(name, func(t *testing.T) {
			lent, goroutines := pool.Lent(), runtime.NumGoroutine()
			d, err := open(tasks)
			if err != nil {
				t.Skip(err)
			}
			test(t, d)
			d.Close()
			// A goroutine that has yet to run may still borrow. What an earlier test
			// left over may come back meanwhile, so there may be less than before.
			until(t, "goroutines to end", func() bool { return runtime.NumGoroutine() <= goroutines })
			until(t, "what was lent to come back", func() bool { return pool.Lent() <= lent })
		})
	}
}

// until waits for what no channel tells of, on a machine that may have much else
// to do.
func until(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for limit := time.Now().Add(2 * time.Minute); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// start drives a task; its over is closed at the end.
func start(d Driver, k *task) *task {
	k.over = make(chan struct{})
	k.loop = d.NewLoop(k)
	k.loop.Start()
	return k
}

// held attaches a connection to a task that ends with it, and records why it did.
func held(d Driver, t *testing.T, near net.Conn, feed func([]byte)) (k *task, failed *error) {
	failed = new(error)
	attached := make(chan struct{})
	k = &task{t: t, feed: feed, fail: func(err error) { *failed = err }}
	k.advance = func(time.Time, bool) (time.Time, bool) {
		if k.advices == 1 {
			k.loop.Attach(near, nil)
			close(attached)
		}
		return time.Time{}, k.fails > 0
	}
	start(d, k)
	<-attached
	return k, failed
}

// holdUp returns a task that holds its loop up until free is closed; a driver in
// which no task holds up another has nothing to do with that.
func holdUp(t *testing.T, d Driver) (long *task, free chan struct{}) {
	held := make(chan struct{})
	free = make(chan struct{})
	long = &task{t: t}
	long.advance = func(time.Time, bool) (time.Time, bool) {
		close(held)
		<-free
		return time.Time{}, true
	}
	start(d, long)
	<-held
	return long, free
}

// kinds of connections; the pipe has no descriptor.
var kinds = []string{"pipe", "TCP", "TLS 1.2", "TLS 1.3"}

// pair returns the two ends of a connection of a kind, the near one as a driver
// wants it. shape changes what is beneath TLS at the far end; nil: nothing.
func pair(t testing.TB, d Driver, kind string, shape func(net.Conn) net.Conn) (near, far net.Conn) {
	t.Helper()
	if kind == "pipe" {
		near, far = net.Pipe()
	} else {
		near, far = tcpPair(t)
	}
	near = d.Wrap(near)
	if shape != nil {
		far = shape(far)
	}
	switch kind {
	case "TLS 1.2":
		near, far = tlsPair(t, near, far, tls.VersionTLS12)
	case "TLS 1.3":
		near, far = tlsPair(t, near, far, tls.VersionTLS13)
	}
	return near, far
}

// silent returns the near end of a connection whose far end says nothing.
func silent(t testing.TB, d Driver, kind string) net.Conn {
	near, far := pair(t, d, kind, nil)
	go func() {
		_, _ = io.Copy(io.Discard, far)
		_ = far.Close()
	}()
	return near
}

func tcpPair(t testing.TB) (near, far net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	if near, err = net.Dial("tcp", listener.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if far, err = listener.Accept(); err != nil {
		t.Fatal(err)
	}
	return near, far
}

// certificate serves all TLS connections of the tests.
var certificate = sync.OnceValue(func() tls.Certificate {
	server := httptest.NewUnstartedServer(nil)
	server.StartTLS()
	defer server.Close()
	return server.TLS.Certificates[0]
})

func tlsPair(t testing.TB, near, far net.Conn, version uint16) (client, server net.Conn) {
	t.Helper()
	s := tls.Server(far, &tls.Config{Certificates: []tls.Certificate{certificate()}, MaxVersion: version})
	c := tls.Client(near, &tls.Config{InsecureSkipVerify: true}) // a pair of this test's own
	result := make(chan error, 1)
	go func() { result <- s.Handshake() }()
	if err := c.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-result; err != nil {
		t.Fatal(err)
	}
	return c, s
}

// choppy writes in pieces of random sizes up to most.
type choppy struct {
	net.Conn
	random *rand.Rand
	most   int
}

func (c *choppy) Write(b []byte) (n int, err error) {
	for n < len(b) && err == nil {
		var m int
		m, err = c.Conn.Write(b[n:min(len(b), n+1+c.random.IntN(c.most))])
		n += m
	}
	return n, err
}
