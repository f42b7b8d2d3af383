package transport

import (
	"bufio"
	"cmp"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"golang.org/x/net/http/httpproxy"
	"golang.org/x/net/proxy"
)

// proxySchemes are the kinds of proxies. With both socks5 and socks5h it is the proxy
// that looks names up, as in net/http.
var proxySchemes = []string{"http", "https", "socks5", "socks5h"}

// ProxyFromEnvironment returns a function for [Dialer.Proxy] that follows HTTPS_PROXY,
// HTTP_PROXY and NO_PROXY, or the same in lower case, as net/http does, and ALL_PROXY
// where the one of the scheme is not set. Localhost and loopback addresses never go
// through a proxy.
//
// net/http connects directly where it cannot read a proxy's URL. Here that is an
// error, which does not repeat the URL.
func ProxyFromEnvironment() (func(*url.URL) (*url.URL, error), error) {
	config := httpproxy.FromEnvironment()
	all := cmp.Or(os.Getenv("all_proxy"), os.Getenv("ALL_PROXY"))
	for _, v := range []struct {
		name  string
		value *string
	}{{"HTTPS_PROXY", &config.HTTPSProxy}, {"HTTP_PROXY", &config.HTTPProxy}} {
		name := v.name
		if *v.value == "" {
			name, *v.value = "ALL_PROXY", all
		}
		if *v.value == "" {
			continue
		}
		if !strings.Contains(*v.value, "://") {
			*v.value = "http://" + *v.value
		}
		u, err := url.Parse(*v.value)
		if err != nil {
			return nil, fmt.Errorf("the environment variable %s is no URL; a proxy's is one like http://host:3128 (characters like @ or %% in a password are written as %%40 and %%25)", name)
		}
		if err := CheckProxy(u); err != nil {
			return nil, fmt.Errorf("the environment variable %s: %w", name, err)
		}
	}
	return config.ProxyFunc(), nil
}

// CheckProxy says what is wrong with a proxy's URL. It does not repeat it.
func CheckProxy(u *url.URL) error {
	if !slices.Contains(proxySchemes, u.Scheme) || u.Hostname() == "" {
		return errors.New("the URL of a proxy must begin with http://, https://, socks5:// or socks5h:// and name a host")
	}
	return nil
}

// proxyFor returns the proxy for a ws or wss URL, nil for none.
func (d *Dialer) proxyFor(u *url.URL) (*url.URL, error) {
	if d.Proxy == nil {
		return nil, nil
	}
	asked := &url.URL{Scheme: strings.Replace(u.Scheme, "ws", "http", 1), Host: u.Host, Path: "/"}
	p, err := d.Proxy(asked)
	if err != nil || p == nil {
		return nil, err
	}
	return p, CheckProxy(p)
}

// showProxy logs that a proxy is used, once for each change.
func (d *Dialer) showProxy(p *url.URL, target string) {
	shown := showProxy(p)
	d.mu.Lock()
	news := shown != d.shown
	d.shown = shown
	d.mu.Unlock()
	if news {
		d.Logger.Info("connecting through a proxy", "proxy", shown, "host", target)
	}
}

// showProxy returns a proxy's URL without user and password.
func showProxy(p *url.URL) string { return p.Scheme + "://" + hostPort(p) }

// ProxyError is a proxy's refusal, or what went wrong on the way through it. The proxy is
// named without user and password.
type ProxyError struct {
	Proxy  string // URL
	Target string // host and port
	Status int    // of an HTTP proxy's answer, 0 if there was none
	Err    error  // nil where Status says it all

	named bool // the proxy's URL had a user name
}

// Error names cause and remedy.
func (e *ProxyError) Error() string {
	s := fmt.Sprintf("the proxy %s did not connect to %s: ", e.Proxy, e.Target)
	if e.Status == 0 {
		return s + e.Err.Error()
	}
	s += fmt.Sprintf("it answered %d %s", e.Status, http.StatusText(e.Status))
	switch {
	case e.Status == http.StatusProxyAuthRequired && e.named:
		s += "; the user name or the password in the proxy's URL is not accepted"
	case e.Status == http.StatusProxyAuthRequired:
		s += "; put a user name and a password into the proxy's URL, as in http://user:password@host:3128"
	case e.Status == http.StatusForbidden, e.Status == http.StatusMethodNotAllowed:
		s += "; have the proxy allow CONNECT to this host and port"
	case e.Status >= 500:
		s += "; the proxy could not reach the host, or is overloaded"
	default:
		s += "; is this an HTTP proxy?"
	}
	return s
}

// Unwrap returns the cause.
func (e *ProxyError) Unwrap() error { return e.Err }

// through connects to u's host through a proxy.
func (d *Dialer) through(ctx context.Context, p, u *url.URL) (*Path, error) {
	target := hostPort(u)
	fail := func(err error) error {
		return &ProxyError{Proxy: showProxy(p), Target: target, Err: err, named: p.User != nil}
	}
	hop, err := d.direct(ctx, p.Hostname(), hostPort(p))
	if err != nil {
		return nil, fail(err)
	}
	stop := context.AfterFunc(ctx, func() { _ = hop.Conn.Close() })
	conn, err := d.tunnel(ctx, hop.Conn, p, target)
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		_ = hop.Conn.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("no answer in time: %w", ctx.Err())
		}
		var refused *ProxyError
		if errors.As(err, &refused) {
			hop.Worked()
			return nil, err
		}
		if !errors.Is(err, context.Canceled) {
			hop.Failed()
		}
		return nil, fail(err)
	}
	hop.Worked()
	return &Path{Conn: conn, target: u.Hostname(), proxy: showProxy(p), dialer: d}, nil
}

// tunnel has the proxy at the other end of conn connect to target.
func (d *Dialer) tunnel(ctx context.Context, conn net.Conn, p *url.URL, target string) (net.Conn, error) {
	switch p.Scheme {
	case "socks5", "socks5h":
		return conn, socks(ctx, conn, p, target)
	case "https":
		config := d.TLS.Clone()
		config.ServerName, config.NextProtos = p.Hostname(), nil
		encrypted := tls.Client(conn, config)
		if err := encrypted.HandshakeContext(ctx); err != nil {
			return nil, fmt.Errorf("TLS handshake failed: %w", err)
		}
		conn = encrypted
	}
	return conn, connect(conn, p, target)
}

// connect asks an HTTP proxy for a tunnel (RFC 9110, section 9.3.6).
func connect(conn net.Conn, p *url.URL, target string) error {
	req := &http.Request{Method: http.MethodConnect, URL: &url.URL{Opaque: target}, Host: target, Header: http.Header{"User-Agent": {""}}}
	if p.User != nil {
		password, _ := p.User.Password()
		req.Header.Set("Proxy-Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(p.User.Username()+":"+password)))
	}
	if err := req.Write(conn); err != nil {
		return err
	}
	limited := &io.LimitedReader{R: conn, N: maxUpgrade}
	answer := bufio.NewReader(limited)
	resp, err := http.ReadResponse(answer, req)
	if err != nil {
		return unreadable(err, limited)
	}
	if resp.StatusCode/100 != 2 {
		return &ProxyError{Proxy: showProxy(p), Target: target, Status: resp.StatusCode, named: p.User != nil}
	}
	if answer.Buffered() > 0 {
		return errors.New("it sent bytes of its own behind the answer to CONNECT")
	}
	return nil
}

// socks asks a SOCKS5 proxy for a connection (RFC 1928 and 1929).
func socks(ctx context.Context, conn net.Conn, p *url.URL, target string) error {
	var auth *proxy.Auth
	if p.User != nil {
		auth = &proxy.Auth{User: p.User.Username()}
		auth.Password, _ = p.User.Password()
	}
	dialer, err := proxy.SOCKS5("tcp", hostPort(p), auth, nil)
	if err != nil {
		return err
	}
	// It can take a connection that is open already.
	d, ok := dialer.(interface {
		DialWithConn(ctx context.Context, conn net.Conn, network, address string) (net.Addr, error)
	})
	if !ok {
		return errors.New("this version of golang.org/x/net/proxy cannot use a connection that is open already")
	}
	_, err = d.DialWithConn(ctx, conn, "tcp", target)
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err // what it says besides, ProxyError says too
	}
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "authentication") {
		return fmt.Errorf("%w; check the user name and the password in the proxy's URL", err)
	}
	return err
}

// ForTransport returns a function for http.Transport's Proxy that chooses as the
// gateway's dials do.
func (d *Dialer) ForTransport(r *http.Request) (*url.URL, error) {
	p, err := d.proxyFor(r.URL)
	if p == nil || err != nil {
		return nil, err
	}
	d.showProxy(p, r.URL.Hostname())
	if trace, _ := r.Context().Value(traceKey{}).(*Trace); trace != nil {
		trace.mu.Lock()
		trace.proxy = showProxy(p)
		trace.mu.Unlock()
	}
	return p, nil
}

// OnConnect is for http.Transport's OnProxyConnectResponse: it makes errors like the
// gateway's.
func OnConnect(_ context.Context, p *url.URL, req *http.Request, resp *http.Response) error {
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	return &ProxyError{Proxy: showProxy(p), Target: req.Host, Status: resp.StatusCode, named: p.User != nil}
}
