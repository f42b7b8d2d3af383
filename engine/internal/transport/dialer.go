// Package transport opens the connections of an engine: it looks a host's addresses up
// and races them (RFC 8305), goes through proxies (HTTP CONNECT and SOCKS5), and
// upgrades to WebSocket (RFC 6455). It knows nothing of shards or the gateway.
package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"
)

// Dialer opens connections. Its fields must not change once it is in use; its methods
// may be called by any goroutine.
type Dialer struct {
	// Dial opens TCP connections in place of the system. It gets the host's name and
	// chooses an address itself, so there is no race. nil: addresses are looked up,
	// raced and remembered.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Proxy chooses the proxy for a URL with the scheme http or https. A nil URL
	// means none. nil: no proxy at all.
	Proxy func(*url.URL) (*url.URL, error)

	// TLS is for proxies that are reached by https. Required.
	TLS *tls.Config

	// Logger gets what is worth to know although the connection came about. Required.
	Logger *slog.Logger

	// For tests. nil: the system.
	Lookup  func(ctx context.Context, host string) ([]netip.Addr, error)
	Attempt func(ctx context.Context, network, address string) (net.Conn, error)

	memory memory

	mu    sync.Mutex
	shown string // the proxy that was logged last
}

// Path is an open connection and the way that it took.
type Path struct {
	Conn net.Conn

	target  string // host
	proxy   string // without user and password; "": none
	address string // of the peer

	dialer *Dialer
	choice *choice // nil: the address was not chosen here, or is that of a proxy
}

// String names the way for an error or the log, never with a password.
func (p *Path) String() string {
	switch {
	case p.proxy != "":
		return p.target + " through the proxy " + p.proxy
	case p.address != "":
		return p.target + " (" + p.address + ")"
	}
	return p.target
}

// Failed says that the connection brought nothing, although TCP connected: the next
// dials begin with other addresses.
func (p *Path) Failed() {
	if p.choice != nil {
		p.dialer.memory.failed(p.choice, time.Now())
	}
}

// Worked says that the peer gave a sensible answer.
func (p *Path) Worked() {
	if p.choice != nil {
		p.dialer.memory.worked(p.choice)
	}
}

// ports are the defaults of the schemes.
var ports = map[string]string{"http": "80", "ws": "80", "https": "443", "wss": "443", "socks5": "1080", "socks5h": "1080"}

// hostPort returns the address of a URL with a port.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = ports[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// Open connects to a ws or wss URL, through a proxy if one is chosen for it, within
// ctx. A URL with wss is one with https where the proxy is chosen. TLS with the
// server and the upgrade are left to the caller.
func (d *Dialer) Open(ctx context.Context, u *url.URL) (*Path, error) {
	proxy, err := d.proxyFor(u)
	if err != nil {
		return nil, err
	}
	if proxy == nil {
		return d.direct(ctx, u.Hostname(), hostPort(u))
	}
	d.showProxy(proxy, u.Hostname())
	return d.through(ctx, proxy, u)
}

// DialContext connects to an address, of a host or of a proxy, for an http.Transport.
// [Trace] tells the path.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	path, err := d.direct(ctx, host, address)
	if err != nil {
		return nil, err
	}
	if trace, _ := ctx.Value(traceKey{}).(*Trace); trace != nil {
		trace.set(path)
	}
	return path.Conn, nil
}

// direct connects without a proxy.
func (d *Dialer) direct(ctx context.Context, host, address string) (*Path, error) {
	path := &Path{target: host, dialer: d}
	var err error
	if d.Dial != nil {
		path.Conn, err = foreign(ctx, d.Dial, address)
	} else {
		path.Conn, path.choice, err = d.race(ctx, address)
	}
	if err != nil {
		return nil, err
	}
	if remote := path.Conn.RemoteAddr(); remote != nil {
		path.address = remote.String()
	}
	return path, nil
}

// foreign calls a user's function, and returns within ctx also where that does not
// keep to it: what it brings later is closed.
func foreign(ctx context.Context, dial func(ctx context.Context, network, address string) (net.Conn, error), address string) (net.Conn, error) {
	type outcome struct {
		conn net.Conn
		err  error
	}
	outcomes := make(chan outcome, 1)
	go func() {
		conn, err := dial(ctx, "tcp", address)
		if conn == nil && err == nil {
			err = errors.New("Config.Dial gave neither a connection nor an error")
		}
		outcomes <- outcome{conn, err}
	}()
	select {
	case o := <-outcomes:
		return o.conn, o.err
	case <-ctx.Done():
		go func() {
			if o := <-outcomes; o.conn != nil {
				_ = o.conn.Close()
			}
		}()
		return nil, fmt.Errorf("Config.Dial did not connect to %s in time: %w", address, ctx.Err())
	}
}

// Trace notes which way the one connection of a request took.
type Trace struct {
	mu    sync.Mutex
	path  *Path  // to the host, or to the proxy
	proxy string // without user and password; "": none
}

type traceKey struct{}

// WithTrace returns a context for a request, whose path t notes.
func WithTrace(ctx context.Context, t *Trace) context.Context {
	return context.WithValue(ctx, traceKey{}, t)
}

func (t *Trace) set(path *Path) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.path = path
}

// End takes the end of the request, whose error is nil if there was an answer, and returns
// the error with the address or the proxy.
func (t *Trace) End(err error) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	var refused *ProxyError
	switch {
	case err == nil && t.path != nil:
		t.path.Worked()
	case err == nil, errors.As(err, &refused):
	case t.proxy != "":
		// Whether it was the proxy or the host is not known.
		return fmt.Errorf("through the proxy %s: %w", t.proxy, err)
	case t.path != nil && !errors.Is(err, context.Canceled):
		t.path.Failed()
		return fmt.Errorf("%v: %w", t.path, err)
	}
	return err
}
