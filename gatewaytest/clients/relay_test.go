package clients

import (
	"io"
	"net"
	"sync"
	"testing"
)

// A relay stands between a bot and its gateway, and drops connections: without a close frame, and with what is
// on its way.
type relay struct {
	listener net.Listener

	mu     sync.Mutex
	target string // "": there is none yet
	conns  map[*relayed]struct{}
	holed  bool // what the gateway sends is swallowed
}

// relayed is a connection of a bot's, and the one behind it.
type relayed struct{ near, far net.Conn }

// newRelay listens until the test ends.
func newRelay(t *testing.T) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: l, conns: make(map[*relayed]struct{})}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			work.Go(func() { r.join(near) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.drop()
		work.Wait()
	})
	return r
}

// lead has connections go on to an address.
func (r *relay) lead(target string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.target = target
}

func (r *relay) address() string { return r.listener.Addr().String() }

// join carries bytes both ways until one side ends.
func (r *relay) join(near net.Conn) {
	defer near.Close()
	r.mu.Lock()
	target := r.target
	r.mu.Unlock()
	far, err := net.Dial("tcp", target)
	if err != nil {
		return // the bot sees its connection end
	}
	defer far.Close()
	c := &relayed{near, far}
	r.mu.Lock()
	r.conns[c] = struct{}{}
	r.mu.Unlock()
	go func() {
		defer far.Close()
		_, _ = io.Copy(far, near) // its end is the connection's
	}()
	_, _ = io.Copy(swallower{r, near}, far)
	r.mu.Lock()
	delete(r.conns, c)
	r.mu.Unlock()
}

// swallower writes to a bot what is not to be swallowed.
type swallower struct {
	relay *relay
	to    net.Conn
}

func (s swallower) Write(b []byte) (int, error) {
	s.relay.mu.Lock()
	holed := s.relay.holed
	s.relay.mu.Unlock()
	if holed {
		return len(b), nil
	}
	return s.to.Write(b)
}

// hole swallows what the gateway sends, until drop.
func (r *relay) hole() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holed = true
}

// drop ends all connections with a reset, and returns how many there were.
func (r *relay) drop() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.holed = false
	for c := range r.conns {
		for _, nc := range []net.Conn{c.near, c.far} {
			if tcp, ok := nc.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // a reset, and no wait for what is unsent
			}
			nc.Close()
		}
	}
	return len(r.conns)
}
