package transport

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/sluice-go/sluice/internal/descriptors"
)

// MaxHandshakes is how many connections may be under way at a time: a storm
// of thousands of TLS handshakes would have all of them time out.
const MaxHandshakes = 64

// Gateway makes the connections of all shards. Any goroutine may use it.
type Gateway struct {
	// Wrap, if not nil, is given each TCP connection, below TLS. It must be set before
	// the first dial.
	Wrap func(net.Conn) net.Conn

	dialer   *Dialer
	tls      *tls.Config
	crew     Crew     // dials
	shortage shortage // of descriptors

	mu      sync.Mutex
	configs map[string]*tls.Config // by host
}

// NewGateway returns a Gateway that dials by a dialer. Its goroutines count as workers.
// config is not renegotiated, whatever it says: an event loop, or a read with a deadline,
// would have to wait in the middle of another handshake.
func NewGateway(dialer *Dialer, config *tls.Config, workers *sync.WaitGroup, logger *slog.Logger) *Gateway {
	if config.Renegotiation != tls.RenegotiateNever {
		config = config.Clone()
		config.Renegotiation = tls.RenegotiateNever
	}
	return &Gateway{
		dialer: dialer, tls: config,
		crew:     Crew{Size: MaxHandshakes, Workers: workers},
		shortage: shortage{logger: logger},
	}
}

// Go has a job done that dials. It does not wait.
func (d *Gateway) Go(job func()) { d.crew.Go(job) }

// Judge returns the error of a connection, with what follows where it is that no
// descriptor was left.
func (d *Gateway) Judge(now time.Time, err error) error { return d.shortage.judge(now, err) }

// ConnectTimeout is how long an attempt may take from the time at which it has a free
// slot.
const ConnectTimeout = 10 * time.Second

// Dial connects, encrypts and upgrades, within ctx and ConnectTimeout. It is a
// job for Go. The bytes that came behind the server's answer are returned in head.
// An error names the address that was tried.
func (d *Gateway) Dial(ctx context.Context, target string) (conn net.Conn, head []byte, err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err // it was called off while it waited
	}
	u, err := url.Parse(target)
	if err != nil {
		return nil, nil, errors.New("the gateway URL is no URL")
	}
	ctx, cancel := context.WithTimeout(ctx, ConnectTimeout)
	defer cancel()
	if err := d.shortage.admit(time.Now()); err != nil {
		return nil, nil, err
	}
	path, err := d.dialer.Open(ctx, u)
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
	if d.Wrap != nil {
		raw = d.Wrap(raw)
	}
	// The context ends whatever the connection is blocked in, also one of
	// Config.Dial's that keeps to no deadline.
	stop := context.AfterFunc(ctx, func() { _ = raw.Close() })
	conn, head, err = d.open(ctx, raw, u, path)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	var answer *StatusError
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
func (d *Gateway) open(ctx context.Context, raw net.Conn, u *url.URL, path *Path) (conn net.Conn, head []byte, err error) {
	conn = raw
	if u.Scheme == "wss" {
		encrypted := tls.Client(raw, d.configFor(u.Hostname()))
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, nil, fmt.Errorf("TLS handshake with %v failed: %w%s", path, err, tlsRemedy(err))
		}
		conn = encrypted
	}
	head, err = Upgrade(conn, u)
	var answer *StatusError
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
func (d *Gateway) configFor(host string) *tls.Config {
	if d.tls.ServerName != "" {
		return d.tls
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	config := d.configs[host]
	if config == nil {
		config = d.tls.Clone()
		config.ServerName = host
		if len(d.configs) >= maxConfigs {
			clear(d.configs)
		}
		if d.configs == nil {
			d.configs = make(map[string]*tls.Config)
		}
		d.configs[host] = config
	}
	return config
}

// maxConfigs bounds the configurations that are kept: a gateway may name another
// host with each READY.
const maxConfigs = 64

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
