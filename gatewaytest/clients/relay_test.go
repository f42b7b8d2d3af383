package clients

import (
	"context"
	"fmt"
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
	settles  time.Duration // how long a connection has to have a session before faults at random may meet it

	mu     sync.Mutex
	log    io.Writer // what becomes of connections
	target string
	open   chan struct{}       // closed while connections may go on to target
	conns  map[string]*relayed // the last with each address that the gateway sees
	lives  []life
}

// relayed is a connection of a bot's, and the one behind it.
type relayed struct {
	near, far net.Conn
	holed     atomic.Bool // what the gateway sends is swallowed
	seated    time.Time   // since when it has a session; zero while it has none
	ended     time.Time   // zero while it is there
}

// life is a session on a connection.
type life struct {
	session string
	conn    *relayed
	at      time.Time
}

// newRelay listens until the test ends.
func newRelay(t *testing.T, settles time.Duration) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{log: logTo(t, "relay"), listener: l, settles: settles, conns: make(map[string]*relayed), open: make(chan struct{})}
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
		r.end(func(*relayed) bool { return true })
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
	c := &relayed{near: near, far: far}
	r.mu.Lock()
	r.conns[c.peer()] = c
	r.note(c, "begins")
	r.mu.Unlock()
	go func() {
		defer far.Close()
		_, err := io.Copy(far, near) // its end is the connection's
		r.mu.Lock()
		defer r.mu.Unlock()
		r.note(c, "the bot sends no more: ", err)
	}()
	_, err = io.Copy(swallower{c}, far)
	r.mu.Lock()
	defer r.mu.Unlock()
	c.ended = time.Now()
	r.note(c, "the gateway sends no more: ", err)
}

// swallower writes to a bot what is not to be swallowed.
type swallower struct{ to *relayed }

func (s swallower) Write(b []byte) (int, error) {
	if s.to.holed.Load() {
		return len(b), nil
	}
	return s.to.near.Write(b)
}

// peer returns the connection's address as the gateway sees it.
func (c *relayed) peer() string { return c.far.LocalAddr().String() }

// note logs what becomes of a connection. mu is held.
func (r *relay) note(c *relayed, what ...any) { fmt.Fprintln(r.log, c.peer(), fmt.Sprint(what...)) }

// seat takes the news that the gateway has a session on the connection with a peer.
func (r *relay) seat(session, peer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.conns[peer]; c != nil {
		c.seated = time.Now()
		r.lives = append(r.lives, life{session, c, c.seated})
	}
}

// unseat takes the news that the session on the connection with a peer is over, and the bot has yet to begin another.
func (r *relay) unseat(peer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.conns[peer]; c != nil {
		c.seated = time.Time{}
	}
}

// sessions returns how many sessions may have an event: those that had begun when it was there, and had a connection
// since it was sent.
func (r *relay) sessions(sent, there time.Time) int {
	r.mu.Lock()
	defer r.mu.Unlock()
	begun := make(map[string]bool)
	may := make(map[string]bool)
	for _, l := range r.lives {
		begun[l.session] = begun[l.session] || l.at.Before(there)
		if begun[l.session] && (l.conn.ended.IsZero() || l.conn.ended.After(sent)) {
			may[l.session] = true
		}
	}
	return len(may)
}

// isSettled reports whether faults at random may meet a connection: it has had a session for long enough. mu is held.
func (r *relay) isSettled(c *relayed) bool {
	return c.ended.IsZero() && !c.seated.IsZero() && time.Since(c.seated) >= r.settles
}

// hole swallows what the gateway sends on settled connections, until they are dropped. It returns how many there are.
func (r *relay) hole() (holed int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		if r.isSettled(c) {
			c.holed.Store(true)
			r.note(c, "has a hole")
			holed++
		}
	}
	return holed
}

// drop ends connections that are settled, and those with a hole. It returns how many there were.
func (r *relay) drop() int {
	return r.end(func(c *relayed) bool { return r.isSettled(c) || c.holed.Load() })
}

// end ends connections with a reset. It returns how many there were.
func (r *relay) end(which func(*relayed) bool) (ended int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, c := range r.conns {
		if !c.ended.IsZero() || !which(c) {
			continue
		}
		ended++
		r.note(c, "is dropped")
		for _, nc := range []net.Conn{c.near, c.far} {
			if tcp, ok := nc.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // a reset, and no wait for what is unsent
			}
			nc.Close()
		}
	}
	return ended
}
