package bridge

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

const (
	// closeTimeout is how long a bot has to answer a close frame.
	closeTimeout = 5 * time.Second

	// maxOwned is how many connections may have an encoder of their own, which compresses best; one takes 1 to
	// 2 MB. Others take one out of a pool while they have something to write.
	maxOwned = 64

	// sendBuffer is what the operating system holds for a bot that does not read, in bytes.
	sendBuffer = 256 << 10
)

// conn is a bot's connection. Its receiver reads, its sender alone writes; what others want to have written waits
// in the fields under mu, and wake tells the sender.
type conn struct {
	bridge    *Bridge
	nc        net.Conn
	in        io.Reader
	events    gateway.EventSet // what its URL asks for
	url       string           // of the gateway, as this bot reaches it
	wake      chan struct{}    // of capacity 1
	done      chan struct{}    // closed by kill
	kills     sync.Once
	replaying atomic.Bool // it has yet to catch up with what it began with or missed

	mu          sync.Mutex
	compression gatewire.Compression
	owns        bool // the sender keeps its encoder over runs
	session     *session
	waits       *waiter  // an identify whose shard is not ready
	controls    [][]byte // payloads without a sequence
	ponging     []byte   // an encoded pong, written between any two frames
	closing     []byte   // the close frame to write; nil while the connection lives
	closeTimer  *time.Timer
	answered    bool      // the bot has closed too: nothing more will come
	idleSince   time.Time // while it has no session: since when
}

func newConn(b *Bridge, nc net.Conn, in io.Reader, compression gatewire.Compression) *conn {
	if tcp, ok := nc.(interface{ SetWriteBuffer(int) error }); ok {
		_ = tcp.SetWriteBuffer(sendBuffer) // a hint; the connection works without
	}
	c := &conn{bridge: b, nc: nc, in: in, compression: compression, wake: make(chan struct{}, 1), done: make(chan struct{}), idleSince: time.Now()}
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
	c.closeWith(ws.NewCloseFrameBody(ws.StatusCode(code), reason), false)
}

func (c *conn) closeWith(body []byte, answered bool) {
	c.mu.Lock()
	first := c.closing == nil
	if first {
		c.closing = gatewire.AppendFrame(nil, ws.OpClose, body)
		// Whoever does not read holds the sender, and with it the close frame, up.
		c.closeTimer = time.AfterFunc(closeTimeout, c.kill)
	}
	c.answered = c.answered || answered
	c.mu.Unlock()
	if first && !answered {
		c.bridge.closes.add(body)
	}
	c.notify()
}

// isClosing reports whether a close frame is, or will be, written.
func (c *conn) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing != nil
}

// kill ends the connection at once, without a close frame, and leaves its session without one.
func (c *conn) kill() {
	c.kills.Do(func() {
		close(c.done)
		c.nc.Close()
		c.detach()
		c.mu.Lock()
		if c.closeTimer != nil {
			c.closeTimer.Stop()
		}
		if c.owns {
			c.owns = false
			c.bridge.owned.Add(-1)
		}
		waits := c.waits
		c.waits = nil
		c.mu.Unlock()
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
	case <-c.done:
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
		c.notify()
	}
}

// tooSlow closes a connection whose bot does not read as fast as events come. The session stays, and can be
// resumed as long as the log has what it missed.
func (c *conn) tooSlow() {
	if !c.isClosing() {
		c.bridge.slow.Add(1)
		c.close(gateway.CloseRateLimited, "You read too slowly.")
	}
}
