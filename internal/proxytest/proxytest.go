// Package proxytest has proxies for tests, on loopback addresses: an HTTP proxy that knows
// CONNECT, reached in the clear or by TLS, and a SOCKS5 proxy. They reach names that exist
// nowhere else.
package proxytest

import (
	"bufio"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Proxy is a running proxy.
type Proxy struct {
	tb        testing.TB
	scheme    string
	address   string
	user      *url.Userinfo // that it asks for; nil: none
	authority *x509.Certificate

	mu      sync.Mutex
	targets []string
	status  int // of every answer; 0: what is due
	ends    sync.WaitGroup
	conns   map[net.Conn]struct{}
	closed  bool
	names   map[string]string
}

// New starts a proxy of a scheme: http, https or socks5. user, which may be nil, is whom it
// lets in. It ends with the test.
func New(tb testing.TB, scheme string, user *url.Userinfo) *Proxy {
	tb.Helper()
	p := &Proxy{tb: tb, scheme: scheme, user: user, conns: map[net.Conn]struct{}{}}
	switch scheme {
	case "http", "https":
		server := httptest.NewUnstartedServer(http.HandlerFunc(p.serveHTTP))
		server.Config.ErrorLog = log.New(io.Discard, "", 0)
		if scheme == "https" {
			server.StartTLS()
			p.authority = server.Certificate()
		} else {
			server.Start()
		}
		p.address = server.Listener.Addr().String()
		tb.Cleanup(func() { p.close(); server.Close() })
	case "socks5":
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			tb.Fatal(err)
		}
		p.address = listener.Addr().String()
		p.ends.Go(func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				p.ends.Go(func() { p.serveSOCKS(conn) })
			}
		})
		tb.Cleanup(func() { _ = listener.Close(); p.close() })
	default:
		tb.Fatalf("proxytest: no scheme %q", scheme)
	}
	return p
}

// URL returns the proxy's URL, with the user and the password that it asks for.
func (p *Proxy) URL() *url.URL { return &url.URL{Scheme: p.scheme, Host: p.address, User: p.user} }

// Authority is who signed the certificate of an https proxy.
func (p *Proxy) Authority() *x509.Certificate { return p.authority }

// Resolve makes a host known to the proxy, besides those that the system knows.
func (p *Proxy) Resolve(host, address string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.names == nil {
		p.names = map[string]string{}
	}
	p.names[host] = address
}

// Targets returns where the proxy was asked to connect to, in order.
func (p *Proxy) Targets() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.targets...)
}

// Refuse has an HTTP proxy answer everything with a status; 0 ends that.
func (p *Proxy) Refuse(status int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.status = status
}

// Drop ends all connections through the proxy.
func (p *Proxy) Drop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

func (p *Proxy) close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.Drop()
	p.ends.Wait()
}

// connect opens a connection to a target.
func (p *Proxy) connect(target string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(target)
	p.mu.Lock()
	p.targets = append(p.targets, target)
	known := p.names[host]
	p.mu.Unlock()
	if err != nil {
		return nil, err
	}
	if known != "" {
		host = known
	}
	return net.Dial("tcp", net.JoinHostPort(host, port))
}

// relay carries bytes both ways until either end has ended. in may hold bytes that were read
// from a already.
func (p *Proxy) relay(a, b net.Conn, in io.Reader) {
	p.mu.Lock()
	closed := p.closed
	p.conns[a], p.conns[b] = struct{}{}, struct{}{}
	p.mu.Unlock()
	end := func() {
		_ = a.Close()
		_ = b.Close()
	}
	if closed {
		end()
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(b, in); end() })
	both.Go(func() { _, _ = io.Copy(a, b); end() })
	both.Wait()
	p.mu.Lock()
	delete(p.conns, a)
	delete(p.conns, b)
	p.mu.Unlock()
}

func (p *Proxy) serveHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	status := p.status
	p.mu.Unlock()
	if p.user != nil {
		password, _ := p.user.Password()
		if r.Header.Get("Proxy-Authorization") != "Basic "+base64.StdEncoding.EncodeToString([]byte(p.user.Username()+":"+password)) {
			w.Header().Set("Proxy-Authenticate", `Basic realm="proxytest"`)
			status = http.StatusProxyAuthRequired
		}
	}
	if status != 0 {
		http.Error(w, "no", status)
		return
	}
	if r.Method != http.MethodConnect {
		p.forward(w, r)
		return
	}
	far, err := p.connect(r.Host)
	if err != nil {
		http.Error(w, "no", http.StatusBadGateway)
		return
	}
	near, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		_ = far.Close()
		return
	}
	_, _ = io.WriteString(near, "HTTP/1.1 200 Connection established\r\n\r\n")
	p.ends.Go(func() { p.relay(near, far, rw.Reader) })
}

// forward answers a request for an http URL.
func (p *Proxy) forward(w http.ResponseWriter, r *http.Request) {
	target := r.URL.Host
	if r.URL.Port() == "" {
		target = net.JoinHostPort(target, "80")
	}
	far, err := p.connect(target)
	if err != nil {
		http.Error(w, "no", http.StatusBadGateway)
		return
	}
	defer far.Close()
	out := r.Clone(r.Context())
	out.Header.Del("Proxy-Authorization")
	if err := out.Write(far); err != nil {
		http.Error(w, "no", http.StatusBadGateway)
		return
	}
	resp, err := http.ReadResponse(bufio.NewReader(far), out)
	if err != nil {
		http.Error(w, "no", http.StatusBadGateway)
		return
	}
	defer resp.Body.Close()
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, resp.Body)
}

// serveSOCKS speaks what a client needs of RFC 1928 and RFC 1929.
func (p *Proxy) serveSOCKS(near net.Conn) {
	r := bufio.NewReader(near)
	target, err := p.askSOCKS(near, r)
	if err != nil {
		_ = near.Close()
		return
	}
	far, err := p.connect(target)
	if err != nil {
		_, _ = near.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0}) // connection refused
		_ = near.Close()
		return
	}
	_, _ = near.Write([]byte{5, 0, 0, 1, 127, 0, 0, 1, 0, 0})
	p.relay(near, far, r)
}

var errSOCKS = errors.New("proxytest: not a request that is expected")

// askSOCKS reads methods, user and request.
func (p *Proxy) askSOCKS(w io.Writer, r *bufio.Reader) (target string, err error) {
	take := func() string { // a string behind its length
		n, _ := r.ReadByte()
		b := make([]byte, n)
		_, err = io.ReadFull(r, b)
		return string(b)
	}
	if v, _ := r.ReadByte(); v != 5 {
		return "", errSOCKS
	}
	offered := take()
	method := byte(0)
	if p.user != nil {
		method = 2
	}
	if !strings.Contains(offered, string(rune(method))) {
		method = 255 // none is acceptable
	}
	if _, err := w.Write([]byte{5, method}); err != nil {
		return "", err
	}
	switch method {
	case 255:
		return "", errSOCKS
	case 2:
		_, _ = r.ReadByte()
		name, password := take(), take()
		if want, _ := p.user.Password(); name != p.user.Username() || password != want {
			_, _ = w.Write([]byte{1, 1})
			return "", errSOCKS
		}
		_, _ = w.Write([]byte{1, 0})
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(r, head); err != nil || head[1] != 1 {
		return "", errSOCKS
	}
	var host string
	switch head[3] {
	case 1, 4:
		ip := make(net.IP, map[byte]int{1: 4, 4: 16}[head[3]])
		_, err = io.ReadFull(r, ip)
		host = ip.String()
	case 3:
		host = take()
	}
	var port uint16
	if err == nil {
		err = binary.Read(r, binary.BigEndian, &port)
	}
	return net.JoinHostPort(host, strconv.Itoa(int(port))), err
}
