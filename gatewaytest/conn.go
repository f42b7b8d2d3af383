package gatewaytest

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/internal/gatewire"
)

const (
	// maxOwned is how many connections may have an encoder of their own; one takes 1 to 2 MB.
	maxOwned = 64

	// sendBuffer bounds what the operating system holds for a client that does not read.
	sendBuffer = 256 << 10
)

// conn is a client's connection. Its receiver reads, its sender alone writes; what others want to
// have written waits in the fields under mu, and wake tells the sender.
type conn struct {
	srv     *Server
	nc      net.Conn
	wire    *wire // below nc
	in      io.Reader
	report  *connReport   // nil: none is wanted
	wake    chan struct{} // of capacity 1
	closing *gatewire.Closing
	pace    pace // where the server has a pacer

	rest atomic.Bool // no more traffic will be written
	// silent: a fault withholds what a client waits for, as long as the connection lives.
	silent atomic.Bool

	mu          sync.Mutex
	compression Compression
	owns        bool // the sender keeps its encoder over runs
	session     *session
	controls    [][]byte      // payloads without a sequence
	urgent      bool          // controls may not wait for the end of a segment
	faults      []fault.Fault // to perform before them
	ponging     []byte        // an encoded pong, written between any two frames
}

// newConn makes the connection nc, whose client wants compression; in is nc's rest to read.
func newConn(srv *Server, nc net.Conn, in io.Reader, compression Compression) *conn {
	wire := wireOf(nc)
	if tcp, ok := wire.Conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(sendBuffer) // a hint; the connection works without
	}
	c := &conn{
		srv:         srv,
		nc:          nc,
		wire:        wire,
		in:          in,
		wake:        make(chan struct{}, 1),
		closing:     gatewire.NewClosing(),
		compression: compression,
	}
	if !compression.Stateless() && srv.cfg.rate == 0 {
		c.own()
	}
	return c
}

// own has the sender keep its encoder from run to run, if not too many connections do already.
// The caller holds c.mu, or has c to itself.
func (c *conn) own() {
	if c.owns {
		return
	}
	if c.owns = c.srv.owned.Add(1) <= maxOwned; !c.owns {
		c.srv.owned.Add(-1)
	}
}

// notify has the sender look for work.
func (c *conn) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// control has payload written. One that is not urgent may wait for the end of a segment, which
// spares the server to encode the rest of the segment for this connection alone. c keeps payload.
func (c *conn) control(payload []byte, urgent bool) {
	c.mu.Lock()
	c.controls = append(c.controls, payload)
	c.urgent = c.urgent || urgent
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

// close has a close frame written, behind controls that can still be written. The connection ends
// when the client has answered, or has not in time.
func (c *conn) close(code gateway.CloseCode, reason string) {
	c.closing.Begin(ws.NewCloseFrameBody(ws.StatusCode(code), reason), c.kill)
	c.notify()
}

// refuse closes the connection for a mistake of the client's.
func (c *conn) refuse(r *gatewire.Refusal) { c.close(r.Code, r.Reason) }

// kill ends the connection at once, without a close frame, and leaves its session without one.
func (c *conn) kill() {
	c.closing.End(func() {
		c.report.kill()
		c.wire.Close()
		c.detach()
		c.mu.Lock()
		if c.owns {
			c.owns = false
			c.srv.owned.Add(-1)
		}
		c.mu.Unlock()
		c.srv.mu.Lock()
		delete(c.srv.conns, c)
		c.srv.changeLocked()
		c.srv.mu.Unlock()
	})
}

// hangUp ends the connection in order, after the closing handshake.
func (c *conn) hangUp() {
	c.nc.SetDeadline(time.Now().Add(time.Second)) // for the TLS alert
	c.nc.Close()
	c.kill()
}

// attach makes s the connection's session.
func (c *conn) attach(s *session) {
	c.mu.Lock()
	c.session = s
	if s.payloads && c.compression == CompressionNone {
		c.compression = CompressionPayload
	}
	if s.probe && !c.compression.Stateless() {
		c.own()
	}
	compression := c.compression
	c.mu.Unlock()
	s.mu.Lock()
	s.compression = compression
	s.mu.Unlock()
	c.notify()
	select {
	case <-c.closing.Done():
		c.detach() // killed in between
	default:
	}
}

// detach leaves the connection without a session, and the session, if there was one, without a
// connection. It returns that session.
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
