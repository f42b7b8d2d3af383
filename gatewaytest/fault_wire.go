package gatewaytest

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/gatewaytest/internal/plan"
)

// wire is a client's TCP connection, below TLS, with what is wrong with it.
type wire struct {
	net.Conn
	via       fault.Address
	untrusted bool // the certificate is to be a stranger's; set before the handshake

	hung         atomic.Bool
	cut          atomic.Int64 // bytes written at a time; 0: all
	readsResume  atomic.Int64 // the time until which nothing is read, in ns since 1970
	writesResume atomic.Int64

	once   sync.Once
	closed chan struct{}
	quit   <-chan struct{} // the server closes
}

func newWire(nc net.Conn, via fault.Address, quit <-chan struct{}) *wire {
	return &wire{Conn: nc, via: via, closed: make(chan struct{}), quit: quit}
}

// wireOf returns the wire that nc runs over, a new one if there is none.
func wireOf(nc net.Conn) *wire {
	if t, ok := nc.(*tls.Conn); ok {
		nc = t.NetConn()
	}
	if w, ok := nc.(*wire); ok {
		return w
	}
	return newWire(nc, fault.AnyAddress, nil)
}

// bad does to the wire what a fault says, if it concerns the wire, and reports whether it ended it.
func (w *wire) bad(f *fault.Fault) (ended bool) {
	switch f.Action {
	case fault.ActionDrop:
		w.Close()
		return true
	case fault.ActionReset:
		w.reset()
		return true
	case fault.ActionHang:
		w.hung.Store(true)
	case fault.ActionStallReads:
		w.readsResume.Store(time.Now().Add(f.Duration).UnixNano())
	case fault.ActionStallWrites:
		w.writesResume.Store(time.Now().Add(f.Duration).UnixNano())
	case fault.ActionCutRecords:
		w.cut.Store(f.Number)
	case fault.ActionUntrusted:
		w.untrusted = true
	}
	return false
}

// Read reads, unless the wire hangs: then it drops what comes until the client hangs up, and knows
// no deadline, for a peer that is half gone does not tell.
func (w *wire) Read(p []byte) (n int, err error) {
	for {
		n, err = w.Conn.Read(p)
		if !w.hung.Load() {
			break
		}
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = w.Conn.SetReadDeadline(time.Time{})
		}
		if err != nil {
			return 0, err
		}
	}
	w.stall(&w.readsResume)
	return n, err
}

// Write writes in pieces, if it is cut, and nothing at all if it hangs.
func (w *wire) Write(p []byte) (n int, err error) {
	w.stall(&w.writesResume)
	if w.hung.Load() {
		return len(p), nil
	}
	cut := int(w.cut.Load())
	if cut == 0 {
		return w.Conn.Write(p)
	}
	for n < len(p) && err == nil {
		var k int
		k, err = w.Conn.Write(p[n:min(len(p), n+cut)])
		n += k
	}
	return n, err
}

// stall waits until the given time, or the end of the wire or the server.
func (w *wire) stall(resume *atomic.Int64) {
	at := resume.Load()
	if at == 0 {
		return
	}
	resume.CompareAndSwap(at, 0)
	timer := time.NewTimer(time.Until(time.Unix(0, at)))
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-w.closed:
	case <-w.quit:
	}
}

// Close closes the connection, and only then ends what stalls: a write that went on
// before would still reach the client.
func (w *wire) Close() error {
	err := w.Conn.Close()
	w.once.Do(func() { close(w.closed) })
	return err
}

// reset has the operating system forget the connection, and tell the client so.
func (w *wire) reset() {
	if tcp, ok := w.Conn.(*net.TCPConn); ok {
		tcp.SetLinger(0) // where that fails the connection ends in order
	}
	w.Close()
}

// wireListener makes a wire of each connection, with the faults of AtAccept.
type wireListener struct {
	net.Listener
	srv *Server
	via fault.Address
}

func (l *wireListener) Accept() (net.Conn, error) {
next:
	for {
		nc, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		w := newWire(nc, l.via, l.srv.quit)
		for _, f := range l.srv.fault(fault.AtAccept, plan.NoShard, l.via) {
			if w.bad(&f) {
				continue next
			}
		}
		return w, nil
	}
}

// wireKey is the key of a request's wire in its context.
type wireKey struct{}

func withWire(ctx context.Context, nc net.Conn) context.Context {
	return context.WithValue(ctx, wireKey{}, wireOf(nc))
}

// strangers returns the TLS configuration with a certificate that nobody trusts.
func (s *Server) strangers() (*tls.Config, error) {
	s.stranger.Do(func() {
		var id *identity
		if id, s.strangerErr = newIdentity("127.0.0.1", s.cfg.longChain); s.strangerErr == nil {
			s.strangerTLS = id.server()
		}
	})
	return s.strangerTLS, s.strangerErr
}

// serverTLS returns the configuration of the listening side, which shows its certificate to all
// but those that a fault denies it.
func (s *Server) serverTLS() *tls.Config {
	config := s.identity.server()
	config.GetConfigForClient = func(hello *tls.ClientHelloInfo) (*tls.Config, error) {
		if w, ok := hello.Conn.(*wire); ok && w.untrusted {
			return s.strangers()
		}
		return nil, nil // as configured
	}
	return config
}
