package gatewaytest_test

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// silent connects, asks for an upgrade, and expects no answer: when the client has ended its half,
// the connection ends without a byte.
func silent(t *testing.T, srv *gatewaytest.Server) net.Conn {
	t.Helper()
	u, _ := url.Parse(srv.URL())
	nc, err := net.Dial("tcp", u.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { nc.Close() })
	fmt.Fprintf(nc, "GET /?v=10 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", key)
	if err := srv.WaitFaults(wait(t)); err != nil {
		t.Fatal(err)
	}
	nc.(*net.TCPConn).CloseWrite()
	if n, err := nc.Read(make([]byte, 1)); n != 0 || err == nil {
		t.Errorf("a connection that hangs said something")
	}
	return nc
}

// TestFaultUpgrade has upgrades answered by what is no upgrade; the next one works.
func TestFaultUpgrade(t *testing.T) {
	tests := []struct {
		action        string
		status        int
		header, value string
	}{
		{"refuse 503", 503, "Retry-After", ""},
		{"refuse 429", 429, "Retry-After", "1"},
		{"redirect wss://elsewhere.example/", 302, "Location", "wss://elsewhere.example/"},
		{"wrong-accept", 101, "Sec-WebSocket-Accept", "d3JvbmcgYWNjZXB0IHZhbHVlIQ=="},
	}
	for _, test := range tests {
		t.Run(test.action, func(t *testing.T) {
			srv := script(t, "upgrade: "+test.action)
			_, res := upgrade(t, srv, srv.URL(), "v=10&encoding=json")
			if res.StatusCode != test.status || res.Header.Get(test.header) != test.value {
				t.Errorf("status %s, %s %q; want %d, %q", res.Status, test.header, res.Header.Get(test.header), test.status, test.value)
			}
			connect(t, srv, srv.URL(), "")
		})
	}
	for _, action := range []string{"drop", "reset"} {
		t.Run(action, func(t *testing.T) {
			srv := script(t, "upgrade: "+action)
			u, _ := url.Parse(srv.URL())
			if res, err := http.Get("http://" + u.Host + "/?v=10"); err == nil {
				res.Body.Close()
				t.Errorf("the upgrade was answered: %s", res.Status)
			}
			connect(t, srv, srv.URL(), "")
		})
	}
}

// TestFaultResumeURL has the resume URL be down, and answer that the session is lost.
func TestFaultResumeURL(t *testing.T) {
	for _, action := range []string{"reset", "drop"} {
		srv := script(t, "accept via resume always: "+action)
		_, session, resumeURL := begin(t, srv, "")
		u, _ := url.Parse(resumeURL)
		for range 2 {
			if res, err := http.Get("http://" + u.Host); err == nil {
				res.Body.Close()
				t.Errorf("%s: the resume URL answers: %s", action, res.Status)
			}
		}
		c := connect(t, srv, srv.URL(), "")
		c.resume(srv, session, 1)
		c.expect("RESUMED 1")
	}
	srv := script(t, "resume via resume: invalid-session false")
	_, session, resumeURL := begin(t, srv, "")
	c := connect(t, srv, resumeURL, "")
	c.resume(srv, session, 1)
	c.expect("op 9 false")
	c = connect(t, srv, srv.URL(), "")
	c.resume(srv, session, 1)
	c.expect("op 9 false") // it is lost for good
}

// TestFaultUntrusted shows a stranger's certificate to the first two connections.
func TestFaultUntrusted(t *testing.T) {
	srv := script(t, "accept times 2: untrusted", gatewaytest.WithTLS(true))
	u, _ := url.Parse(srv.URL())
	for range 2 {
		nc, err := tls.Dial("tcp", u.Host, srv.TLSConfig())
		var unknown x509.UnknownAuthorityError
		if !errors.As(err, &unknown) {
			t.Errorf("handshake: %v, want an unknown authority", err)
		}
		if err == nil {
			nc.Close()
		}
	}
	connect(t, srv, srv.URL(), "")
}

// TestChaos connects again and again while faults happen at random, and gets through.
func TestChaos(t *testing.T) {
	srv := plain(t, gatewaytest.WithChaos(7, 4), gatewaytest.WithGuilds(3, 0), gatewaytest.WithSessionStartLimit(1e6, 1e6))
	if srv.ChaosSeed() != 7 {
		t.Errorf("seed %d, want 7", srv.ChaosSeed())
	}
	if srv := plain(t, gatewaytest.WithChaos(0, 4)); srv.ChaosSeed() == 0 {
		t.Error("no seed was chosen")
	}
	whole := 0
	const connections = 60
	for range connections {
		c, res, err := tryUpgrade(t, srv, srv.URL(), "v=10&encoding=json")
		if err != nil || res.StatusCode != 101 {
			continue
		}
		c.decode("")
		c.login(srv, "")
		var p payload
		for p.S == nil || *p.S < 4 {
			if c.json.Decode(&p) != nil {
				break
			}
			if p.Op == 9 {
				break
			}
		}
		if p.seq() == 4 {
			whole++
		}
		c.nc.Close()
	}
	if whole == 0 || whole == connections {
		t.Errorf("%d of %d connections had nothing to suffer", whole, connections)
	}
}
