package bridge

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

const (
	// maxOwned is how many connections may have an encoder of their own, which compresses best; one takes 1 to
	// 2 MB. Others take one out of a pool while they have something to write.
	maxOwned = 64

	// sendBuffer is what the operating system holds for a bot that does not read, in bytes.
	sendBuffer = 256 << 10
)

// conn is a bot's connection. Its receiver reads, its sender writes; what others want to have written waits
// in the fields under mu, and wake tells the sender. Events may be written by the engine's goroutine, too: see writeNow.
type conn struct {
	bridge    *Bridge
	nc        net.Conn
	in        io.Reader
	events    gateway.EventSet // what its URL asks for
	url       string           // of the gateway, as this bot reaches it
	host      string           // that its request names
	query     url.Values       // of its URL
	relayed   bool             // a peer has passed it on
	wake      chan struct{}    // of capacity 1
	closing   *gatewire.Closing
	replaying atomic.Bool // it has yet to catch up with what it began with or missed
	socket    *socket     // nil: the sender alone can write

	writing sync.Mutex // held by whoever writes, also for as long as that takes
	sender  sender

	mu          sync.Mutex
	compression gatewire.Compression
	owns        bool // the sender keeps its encoder over runs
	session     *session
	waits       *waiter   // an identify whose shard is not ready
	relay       *relay    // to the peer that has its shard; nil: it is here
	controls    [][]byte  // payloads without a sequence
	ponging     []byte    // an encoded pong, written between any two frames
	idleSince   time.Time // while it has no session: since when
}

func newConn(b *Bridge, nc net.Conn, in io.Reader, compression gatewire.Compression) *conn {
	if tcp, ok := nc.(interface{ SetWriteBuffer(int) error }); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // a hint; the connection works without
	}
	c := &conn{bridge: b, nc: nc, in: in, compression: compression, wake: make(chan struct{}, 1), closing: gatewire.NewClosing(), idleSince: time.Now(), socket: socketOf(nc)}
	if !compression.Stateless() {
		if c.owns = b.owned.Add(1) <= maxOwned; !c.owns {
			b.owned.Add(-1)
		}
	}
	return c
}

// notify has the sender look for work.
func (c *conn) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// control has a payload written. c keeps it.
func (c *conn) control(payload []byte) {
	c.mu.Lock()
	c.controls = append(c.controls, payload)
	c.mu.Unlock()
	c.notify()
}

// pong has a ping answered; one that waits for the sender is overtaken (RFC 6455, section 5.5.3).
func (c *conn) pong(data []byte) {
	c.mu.Lock()
	c.ponging = gatewire.AppendFrame(nil, ws.OpPong, data)
	c.mu.Unlock()
	c.notify()
}

// refuse closes the connection for a mistake of the bot's.
func (c *conn) refuse(r *gatewire.Refusal) { c.close(r.Code, r.Reason) }

// close has a close frame written, behind controls that can still be written. The connection ends when the bot
// has answered, or has not in time.
func (c *conn) close(code gateway.CloseCode, reason string) {
	body := ws.NewCloseFrameBody(ws.StatusCode(code), reason)
	if c.closing.Begin(body, c.kill) {
		c.bridge.closes.add(body)
	}
	c.notify()
}

// kill ends the connection at once, without a close frame, and leaves its session without one.
func (c *conn) kill() {
	c.closing.End(func() {
		c.nc.Close()
		c.detach()
		c.mu.Lock()
		if c.owns {
			c.owns = false
			c.bridge.owned.Add(-1)
		}
		waits, relay := c.waits, c.relay
		c.waits = nil
		c.mu.Unlock()
		if relay != nil {
			relay.nc.Close()
		}
		if waits != nil {
			waits.leave(c)
		}
		c.bridge.unregister(c)
	})
}

// hangUp ends the connection in order, after the closing handshake.
func (c *conn) hangUp() {
	c.nc.SetDeadline(time.Now().Add(time.Second)) // for the TLS alert
	c.kill()
}

// use makes s the connection's session.
func (c *conn) use(s *session) {
	c.mu.Lock()
	c.session = s
	c.compression = s.compressionOn(c.compression)
	c.mu.Unlock()
	c.notify()
	select {
	case <-c.closing.Done():
		c.detach() // killed in between
	default:
	}
}

// detach leaves the connection without a session, and the session, if there was one, without a connection. It
// returns that session.
func (c *conn) detach() *session {
	c.mu.Lock()
	s := c.session
	c.session = nil
	c.mu.Unlock()
	if s != nil {
		s.release(c)
	}
	return s
}

// current returns the connection's session, nil before identify and after its end.
func (c *conn) current() *session {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// lost tells the bot that its session is over, and has it identify on another connection, as Discord's
// clients expect it.
func (c *conn) lost(s *session) {
	c.mu.Lock()
	mine := c.session == s
	if mine {
		c.session, c.idleSince = nil, time.Now()
		c.controls = append(c.controls, gatewire.InvalidSession(false))
	}
	c.mu.Unlock()
	if mine {
		c.bridge.logger.Debug("a session is over", "session", s.id, "peer", c.peer())
		c.notify()
	}
}

// tooSlow closes a connection whose bot does not read as fast as events come. The session stays, and can be
// resumed as long as the log has what it missed.
func (c *conn) tooSlow() {
	if !c.closing.Begun() {
		c.bridge.slow.Add(1)
		c.close(gateway.CloseRateLimited, "You read too slowly.")
	}
}
