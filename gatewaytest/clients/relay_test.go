package clients

import (
	"context"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A relay stands between a bot and its gateway, and drops connections: without a close frame, and with what is
// on its way.
type relay struct {
	listener net.Listener

	mu     sync.Mutex
	target string
	open   chan struct{} // closed while connections may go on to target
	conns  map[*relayed]struct{}
	holed  bool // what the gateway sends is swallowed
}

// relayed is a connection of a bot's, and the one behind it.
type relayed struct {
	near, far net.Conn
	since     time.Time
	holed     atomic.Bool // what the gateway sends is swallowed
}

// newRelay listens until the test ends.
func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, conns: make(map[*relayed]struct{}), open: make(chan struct{})}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { r.join(t.Context(), near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.drop(0)
		work.Wait()
	})
	return r
}

// lead has connections go on to an address.
func (r *relay) lead(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
	close(r.open)
}

// hold has new connections wait for lead, as those in a backlog of the system's do.
func (r *relay) hold() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open = make(chan struct{})
}

func (r *relay) address() string { return r.listener.Addr().String() }

// join carries bytes both ways until one side ends.
func (r *relay) join(ctx context.Context, near net.Conn) {
	defer near.Close()
	r.mu.Lock()
	open := r.open
	r.mu.Unlock()
	select {
	case <-open:
	case <-ctx.Done():
		return
	}
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	far, err := net.Dial("tcp", target)
	if err != nil {
		return // the bot sees its connection end
	}
	defer far.Close()
	c := &relayed{near: near, far: far, since: time.Now()}
	r.mu.Lock()
	r.conns[c] = struct{}{}
	r.mu.Unlock()
	go func() {
		defer far.Close()
		_, _ = io.Copy(far, near) // its end is the connection's
	}()
	_, _ = io.Copy(swallower{c}, far)
	r.mu.Lock()
	delete(r.conns, c)
	r.mu.Unlock()
}

// swallower writes to a bot what is not to be swallowed.
type swallower struct{ to *relayed }

func (s swallower) Write(b []byte) (int, error) {
	if s.to.holed.Load() {
		return len(b), nil
	}
	return s.to.near.Write(b)
}

// settled is how old a connection is that faults at random meet. Libraries whose handshakes fail again and again
// stay away for minutes.
const settled = time.Second

// hole swallows what the gateway sends on connections of some age, until drop.
func (r *relay) hole(age time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		if time.Since(c.since) >= age {
			c.holed.Store(true)
		}
	}
}

// drop ends connections of some age with a reset, and those with a hole. It returns how many there were.
func (r *relay) drop(age time.Duration) (dropped int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.conns {
		if time.Since(c.since) < age && !c.holed.Load() {
			continue
		}
		dropped++
		for _, nc := range []net.Conn{c.near, c.far} {
			if tcp, ok := nc.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // a reset, and no wait for what is unsent
			}
			nc.Close()
		}
	}
	return dropped
}
