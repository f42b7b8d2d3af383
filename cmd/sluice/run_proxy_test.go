package main

import (
	"net"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/proxytest"
)

// TestRunProxy: the proxies of the environment and of --proxy lead to a gateway whose name
// only the proxy knows; NO_PROXY and --proxy none keep away from them. The password is told
// nowhere.
func TestRunProxy(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{"http", "socks5"} {
		for _, test := range []struct {
			name      string
			variables []string // PROXY stands for the proxy's URL
			args      []string // OPEN for that of a proxy that asks for no password
			direct    bool     // it cannot be reached
		}{
			{"HTTP_PROXY", []string{"HTTP_PROXY=PROXY"}, nil, false},
			{"http_proxy", []string{"http_proxy=PROXY"}, nil, false},
			{"ALL_PROXY", []string{"ALL_PROXY=PROXY"}, nil, false},
			{"all_proxy", []string{"all_proxy=PROXY"}, nil, false},
			{"NO_PROXY", []string{"ALL_PROXY=PROXY", "NO_PROXY=sluice.test"}, []string{"--retries=1"}, true},
			{"proxy none", []string{"ALL_PROXY=PROXY"}, []string{"--proxy=none", "--retries=1"}, true},
			{"proxy", []string{"ALL_PROXY=http://127.0.0.1:1"}, []string{"--proxy=OPEN"}, false},
		} {
			t.Run(scheme+"/"+test.name, func(t *testing.T) {
				t.Parallel()
				const password = "hunter2hunter2"
				srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
				_, port, _ := net.SplitHostPort(strings.TrimPrefix(srv.URL(), "ws://"))
				closed := proxytest.New(t, scheme, url.UserPassword("user", password))
				open := proxytest.New(t, scheme, nil)
				for _, p := range []*proxytest.Proxy{closed, open} {
					p.Resolve("gateway.sluice.test", "127.0.0.1")
				}
				args := []string{"run", "--shards=1", "--gateway-url=ws://gateway.sluice.test:" + port}
				for _, a := range test.args {
					args = append(args, strings.Replace(a, "OPEN", open.URL().String(), 1))
				}
				p := prepare(t, srv.Token(), args...)
				for _, v := range test.variables {
					p.cmd.Env = append(p.cmd.Env, strings.Replace(v, "=PROXY", "="+closed.URL().String(), 1))
				}
				p.start()
				if test.direct {
					if status := p.wait(); status != 1 {
						t.Errorf("status %d", status)
					}
					if n := len(closed.Targets()); n > 0 {
						t.Errorf("the proxy was asked %d times", n)
					}
				} else {
					awaitReady(t, srv, 0)
					if got := append(closed.Targets(), open.Targets()...); !slices.Contains(got, "gateway.sluice.test:"+port) {
						t.Errorf("the proxies connected to %v", got)
					}
					p.signal(syscall.SIGTERM)
					if status := p.wait(); status != 0 {
						t.Errorf("status %d", status)
					}
					wantText(t, p.stderr.String(), "connecting through a proxy", "proxy="+scheme+"://127.0.0.1:")
				}
				if strings.Contains(p.stderr.String()+p.stdout.String(), password) {
					t.Error("the password is told")
				}
			})
		}
	}
	t.Run("unusable", func(t *testing.T) {
		t.Parallel()
		p := prepare(t, "a.b.c", "run", "--shards=1", "--gateway-url=wss://gateway.sluice.test")
		p.cmd.Env = append(p.cmd.Env, "HTTPS_PROXY=socks4://user:hunter2hunter2@host")
		p.start()
		if status := p.wait(); status != 1 {
			t.Errorf("status %d", status)
		}
		wantText(t, p.stderr.String(), "HTTPS_PROXY", "socks5://", "--proxy")
		if strings.Contains(p.stderr.String(), "hunter2") || strings.Contains(p.stderr.String(), "Config.") {
			t.Error(p.stderr.String())
		}
	})
}
