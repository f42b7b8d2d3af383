package engine

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"

	"github.com/gobwas/ws"
)

const (
	// maxHandshakes is how many connections may be under way at a time: a storm
	// of thousands of TLS handshakes would have all of them time out.
	maxHandshakes = 64

	// maxUpgrade is how many bytes a server's answer to the upgrade may have.
	maxUpgrade = 64 << 10
)

// dialer makes the connections of all shards.
type dialer struct {
	dialTCP func(ctx context.Context, network, address string) (net.Conn, error)
	tls     *tls.Config
	crew    crew                    // dials
	wrap    func(net.Conn) net.Conn // by the driver, below TLS

	mu      sync.Mutex
	configs map[string]*tls.Config // by host
}

// newDialer returns a dialer whose goroutines count as workers.
func newDialer(config *Config, workers *sync.WaitGroup) *dialer {
	return &dialer{dialTCP: config.Dial, tls: config.TLS, crew: crew{size: maxHandshakes, workers: workers}}
}

// upgradeError is an answer to the upgrade that is no 101.
type upgradeError struct {
	status int
	after  string // Retry-After
}

func (e *upgradeError) Error() string {
	s := fmt.Sprintf("the server answered the WebSocket upgrade with %d %s", e.status, http.StatusText(e.status))
	switch {
	case e.status >= 300 && e.status < 400:
		s += ": redirects are not followed, they could take the token elsewhere; check the gateway URL"
	case e.after != "":
		s += " (Retry-After: " + e.after + ")"
	}
	return s
}

// dial connects, encrypts and upgrades, within ctx and connectTimeout. It is the
// crew's job. The bytes that came behind the server's answer are returned in head.
func (d *dialer) dial(ctx context.Context, target string) (conn net.Conn, head []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err // it was called off while it waited
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, nil, errors.New("the gateway URL is no URL")
	}
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	raw, err := d.connect(ctx, u)
	if err != nil {
		return nil, nil, fmt.Errorf("cannot connect to the gateway: %w", err)
	}
	if d.wrap != nil {
		raw = d.wrap(raw)
	}
	// The context ends whatever the connection is blocked in, also one of
	// Config.Dial's that keeps to no deadline.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn = raw
	defer func() {
		if !stop() && err == nil {
			err = ctx.Err()
		}
		if err != nil {
			_ = raw.Close()
			conn, head = nil, nil
		}
	}()
	if u.Scheme == "wss" {
		conn, err = d.encrypt(ctx, raw, u.Hostname())
		if err != nil {
			return nil, nil, err
		}
	}
	head, err = upgrade(conn, u)
	if err != nil && ctx.Err() != nil {
		err = fmt.Errorf("the server did not answer the WebSocket upgrade in time: %w", ctx.Err())
	}
	return conn, head, err
}

// connect opens the TCP connection within ctx, also where Config.Dial does not
// keep to it: what that brings later is closed.
func (d *dialer) connect(ctx context.Context, u *url.URL) (net.Conn, error) {
	port := u.Port()
	if port == "" {
		port = map[string]string{"ws": "80", "wss": "443"}[u.Scheme]
	}
	type outcome struct {
		conn net.Conn
		err  error
	}
	outcomes := make(chan outcome, 1)
	go func() {
		conn, err := d.dialTCP(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
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
		return nil, ctx.Err()
	}
}

// configFor returns the configuration for a host: one for all its connections,
// which keep a pointer to it.
func (d *dialer) configFor(host string) *tls.Config {
	if d.tls.ServerName != "" {
		return d.tls
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	config := d.configs[host]
	if config == nil {
		config = d.tls.Clone()
		config.ServerName = host
		if len(d.configs) >= maxHosts {
			clear(d.configs)
		}
		if d.configs == nil {
			d.configs = make(map[string]*tls.Config)
		}
		d.configs[host] = config
	}
	return config
}

// maxHosts bounds the configurations that are kept: a gateway may name another
// host with each READY.
const maxHosts = 64

// encrypt does the TLS handshake.
func (d *dialer) encrypt(ctx context.Context, raw net.Conn, host string) (net.Conn, error) {
	conn := tls.Client(raw, d.configFor(host))
	if err := conn.HandshakeContext(ctx); err != nil {
		return nil, fmt.Errorf("TLS handshake with %s failed: %w%s", host, err, tlsRemedy(err))
	}
	return conn, nil
}

// tlsRemedy says what helps where a certificate is not trusted.
func tlsRemedy(err error) string {
	var verification *tls.CertificateVerificationError
	if errors.As(err, &verification) {
		return " (if this server is yours, trust its authority: --ca-file, or Config.TLS with RootCAs)"
	}
	return ""
}

// upgrade asks for a WebSocket (RFC 6455, section 4.1) and checks the answer. No
// extension and no subprotocol is asked for, so none may be chosen.
func upgrade(conn net.Conn, u *url.URL) (head []byte, err error) {
	var refused *upgradeError
	dialer := ws.Dialer{
		OnStatusError: func(status int, _ []byte, answer io.Reader) {
			refused = &upgradeError{status: status}
			// The body is not looked at, nor closed, which would read it.
			if r, err := http.ReadResponse(bufio.NewReader(answer), nil); err == nil {
				refused.after = r.Header.Get("Retry-After")
			}
		},
	}
	limited := &boundedConn{Conn: conn, left: maxUpgrade}
	buffered, _, err := dialer.Upgrade(limited, u)
	if refused != nil {
		return nil, refused
	}
	if err != nil {
		return nil, fmt.Errorf("the WebSocket upgrade failed: %w", err)
	}
	if buffered != nil {
		defer ws.PutReader(buffered)
		head, err = buffered.Peek(buffered.Buffered())
		head = bytes.Clone(head)
	}
	return head, err
}

// boundedConn lets so many bytes through and then fails, so that an endless
// header costs no memory.
type boundedConn struct {
	net.Conn
	left int
}

func (c *boundedConn) Read(p []byte) (int, error) {
	if c.left <= 0 {
		return 0, fmt.Errorf("the answer is longer than %d bytes", maxUpgrade)
	}
	if len(p) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	c.left -= n
	return n, err
}
