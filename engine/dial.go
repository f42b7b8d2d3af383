package engine

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/internal/descriptors"
)

// maxHandshakes is how many connections may be under way at a time: a storm
// of thousands of TLS handshakes would have all of them time out.
const maxHandshakes = 64

// dialer makes the connections of all shards.
type dialer struct {
	transport *transport.Dialer // of the API's requests too
	tls       *tls.Config
	crew      transport.Crew          // dials
	wrap      func(net.Conn) net.Conn // by the driver, below TLS
	shortage  shortage                // of descriptors

	mu      sync.Mutex
	configs map[string]*tls.Config // by host
}

// newDialer returns a dialer whose goroutines count as workers.
func newDialer(config *Config, workers *sync.WaitGroup) *dialer {
	return &dialer{
		transport: &transport.Dialer{Dial: config.Dial, Proxy: config.proxy, TLS: config.TLS, Logger: config.Logger},
		tls:       withoutRenegotiation(config.TLS),
		crew:      transport.Crew{Size: maxHandshakes, Workers: workers},
		shortage:  shortage{logger: config.Logger},
	}
}

// connectTimeout is how long an attempt may take from the time at which it has a free
// slot.
const connectTimeout = 10 * time.Second

// dial connects, encrypts and upgrades, within ctx and connectTimeout. It is the
// crew's job. The bytes that came behind the server's answer are returned in head.
// An error names the address that was tried.
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
	if err := d.shortage.admit(time.Now()); err != nil {
		return nil, nil, err
	}
	path, err := d.transport.Open(ctx, u)
	if err != nil {
		return nil, nil, d.shortage.judge(time.Now(), fmt.Errorf("cannot connect to the gateway: %w", err))
	}
	raw := path.Conn
	// A loop that adopts the connection takes a second descriptor for a moment. If that
	// were to fail, the handshake would have been in vain.
	spare, err := descriptors.Spare()
	if err != nil {
		_ = raw.Close()
		return nil, nil, d.shortage.judge(time.Now(), err)
	}
	defer spare.Close()
	d.shortage.over()
	if d.wrap != nil {
		raw = d.wrap(raw)
	}
	// The context ends whatever the connection is blocked in, also one of
	// Config.Dial's that keeps to no deadline.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, head, err = d.open(ctx, raw, u, path)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	var answer *transport.StatusError
	switch {
	case err == nil, errors.As(err, &answer):
		path.Worked()
	case !errors.Is(err, context.Canceled):
		path.Failed()
	}
	if err != nil {
		_ = raw.Close()
		return nil, nil, err
	}
	return conn, head, nil
}

// open encrypts and upgrades a connection.
func (d *dialer) open(ctx context.Context, raw net.Conn, u *url.URL, path *transport.Path) (conn net.Conn, head []byte, err error) {
	conn = raw
	if u.Scheme == "wss" {
		encrypted := tls.Client(raw, d.configFor(u.Hostname()))
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, nil, fmt.Errorf("TLS handshake with %v failed: %w%s", path, err, tlsRemedy(err))
		}
		conn = encrypted
	}
	head, err = transport.Upgrade(conn, u)
	var answer *transport.StatusError
	switch {
	case err == nil:
		return conn, head, nil
	case errors.As(err, &answer):
		return nil, nil, err
	case ctx.Err() != nil:
		return nil, nil, fmt.Errorf("%v did not answer the WebSocket upgrade in time: %w", path, ctx.Err())
	}
	return nil, nil, fmt.Errorf("%v: the WebSocket upgrade failed: %w%s", path, err, tlsRemedy(err))
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

// tlsRemedy says what helps where a certificate is not trusted.
func tlsRemedy(err error) string {
	var verification *tls.CertificateVerificationError
	switch {
	case strings.HasSuffix(err.Error(), "too many non-advancing records"):
		return " (Go's crypto/tls takes 16 session tickets or key updates in a row: have the server send fewer)"
	case errors.As(err, &verification):
		return " (if this server is yours, trust its authority: --ca-file, or Config.TLS with RootCAs)"
	}
	return ""
}
