package engine_test

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/internal/proxytest"
)

// logBuffer keeps what is logged.
type logBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (l *logBuffer) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

const proxyPassword = "pass:word@%"

// TestProxies: the API's requests, identifies and resumes go through every kind of proxy,
// with TLS and without it, nothing is lost, and the password is told nowhere.
func TestProxies(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for _, scheme := range []string{"http", "https", "socks5", "socks5h"} {
			for _, encrypted := range []bool{true, false} {
				t.Run(fmt.Sprintf("%s/tls=%v", scheme, encrypted), func(t *testing.T) {
					t.Parallel()
					p := proxytest.New(t, strings.TrimSuffix(scheme, "h"), url.UserPassword("user", proxyPassword))
					srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(encrypted), gatewaytest.WithGuilds(2, 50_000))
					var logs logBuffer
					var asked sync.Map
					c := connect(t, srv, func(config *engine.Config) {
						config.Driver, config.Logger = driver, logs.logger()
						config.TLS = trusting(srv, p)
						config.Proxy = func(r *http.Request) (*url.URL, error) {
							asked.Store(r.URL.Scheme+"://"+r.URL.Host, true)
							u := p.URL()
							u.Scheme = scheme
							return u, nil
						}
					})
					sent := 0
					burst := func() {
						for range 100 {
							srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil, `{"id":"%d"}`, sent))
							sent++
						}
						c.wait(t, "MESSAGE_CREATE", func() bool { return c.names["MESSAGE_CREATE"] == sent })
					}
					c.wait(t, "GUILD_CREATE", func() bool { return c.names["GUILD_CREATE"] == 2 })
					burst()
					srv.Reconnect(0)
					c.wait(t, "RESUMED", func() bool { return c.names["RESUMED"] == 1 })
					burst()
					p.Drop() // at the proxy's end
					burst()
					c.check(t, srv)
					for s := range c.Shards() {
						fmt.Fprintf(&logs, "%+v %v\n", s.View(), s.View())
					}
					fmt.Fprintf(&logs, "%+v %#v\n", c.Engine, c.Engine)
					c.end(t)

					var targets []string
					for _, u := range []string{srv.URL(), srv.ResumeURL()} {
						parsed, _ := url.Parse(u)
						targets = append(targets, parsed.Host)
						want := strings.Replace(parsed.Scheme, "ws", "http", 1) + "://" + parsed.Host
						if _, ok := asked.Load(want); !ok {
							t.Errorf("Config.Proxy was not asked for %s", want)
						}
					}
					for _, target := range targets {
						if !slices.Contains(p.Targets(), target) {
							t.Errorf("the proxy connected to %v, not to %s", p.Targets(), target)
						}
					}
					if len(p.Targets()) < 4 { // API, identify, two resumes
						t.Errorf("the proxy connected to %v", p.Targets())
					}
					text := logs.String()
					if strings.Contains(text, proxyPassword) || strings.Contains(text, url.QueryEscape(proxyPassword)) || strings.Contains(text, "pass:") || strings.Contains(text, "pass%") {
						t.Errorf("the password is told:\n%s", text)
					}
					if want := "proxy=" + scheme + "://" + p.URL().Host; strings.Count(text, want) != 1 {
						t.Errorf("the log does not tell of %s once:\n%s", want, text)
					}
				})
			}
		}
	})
}

// TestNoProxy: a function that returns nothing has all connections go directly.
func TestNoProxy(t *testing.T) {
	srv := gatewaytest.NewServer(t)
	c := connect(t, srv, func(config *engine.Config) {
		config.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	})
	c.wait(t, "READY", func() bool { return c.names["READY"] == 1 })
	c.end(t)
}

// TestProxyFaults: what a proxy refuses, for the API or the gateway, has a cause and a remedy
// in the log, without the password.
func TestProxyFaults(t *testing.T) {
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = closed.Close()
	user := url.UserPassword("user", proxyPassword)
	wrong := url.UserPassword("user", "WRONG"+proxyPassword)
	edited := func(p *proxytest.Proxy, edit func(*url.URL)) *url.URL {
		u := p.URL()
		edit(u)
		return u
	}
	refusing := func(t *testing.T, status int) *url.URL {
		p := proxytest.New(t, "http", nil)
		p.Refuse(status)
		return p.URL()
	}
	for _, test := range []struct {
		name string
		url  func(t *testing.T) *url.URL
		want string
	}{
		{"407", func(t *testing.T) *url.URL {
			return edited(proxytest.New(t, "http", user), func(u *url.URL) { u.User = nil })
		}, "407 Proxy Authentication Required; put a user name and a password into the proxy's URL"},
		{"407 again", func(t *testing.T) *url.URL {
			return edited(proxytest.New(t, "http", user), func(u *url.URL) { u.User = wrong })
		}, "407 Proxy Authentication Required; the user name or the password in the proxy's URL is not accepted"},
		{"403", func(t *testing.T) *url.URL { return refusing(t, 403) }, "403 Forbidden; have the proxy allow CONNECT to this host and port"},
		{"502", func(t *testing.T) *url.URL { return refusing(t, 502) }, "502 Bad Gateway; the proxy could not reach the host"},
		{"404", func(t *testing.T) *url.URL { return refusing(t, 404) }, "404 Not Found; is this an HTTP proxy?"},
		{"refused", func(*testing.T) *url.URL {
			return &url.URL{Scheme: "http", Host: closed.Addr().String(), User: user}
		}, "refused"},
		{"SOCKS, user", func(t *testing.T) *url.URL {
			return edited(proxytest.New(t, "socks5", user), func(u *url.URL) { u.User = wrong })
		}, "authentication failed; check the user name and the password"},
		{"SOCKS, no user", func(t *testing.T) *url.URL {
			return edited(proxytest.New(t, "socks5", user), func(u *url.URL) { u.User = nil })
		}, "no acceptable authentication methods; check the user name and the password"},
		{"HTTP at a SOCKS proxy", func(t *testing.T) *url.URL {
			return edited(proxytest.New(t, "socks5", nil), func(u *url.URL) { u.Scheme = "http" })
		}, "the connection ended before the answer did"},
		{"https at an http proxy", func(t *testing.T) *url.URL {
			return edited(proxytest.New(t, "http", nil), func(u *url.URL) { u.Scheme = "https" })
		}, "TLS handshake failed"},
		{"unknown authority", func(t *testing.T) *url.URL { return proxytest.New(t, "https", user).URL() }, "certificate"},
		{"scheme", func(*testing.T) *url.URL { return &url.URL{Scheme: "ftp", Host: "host", User: user} }, "must begin with http://, https://, socks5:// or socks5h://"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t)
			proxy := test.url(t)
			for _, api := range []string{"", srv.APIURL()} {
				var logs logBuffer
				e, err := engine.New(engine.Config{
					Token: engine.NewToken(srv.Token()), APIURL: api, GatewayURL: srv.URL(), Shards: engine.Shards{Total: 1},
					TLS: srv.TLSConfig(), Retries: 1, Logger: logs.logger(),
					Proxy: func(*http.Request) (*url.URL, error) { return proxy, nil },
				})
				if err != nil {
					t.Fatal(err)
				}
				e.WithoutBackoff()
				err = e.Run(t.Context())
				text := fmt.Sprint(err, "\n", logs.String())
				switch {
				case err == nil:
					t.Error("Run returned nil")
				case !strings.Contains(err.Error(), test.want) && (api == "" || strings.Contains(test.name, "40")):
					t.Errorf("api %q: Run returned %v, want %s", api, err, test.want)
				case strings.Contains(text, "pass"+":") || strings.Contains(text, "WRONG") || strings.Contains(text, proxyPassword) || strings.Contains(text, url.QueryEscape(proxyPassword)):
					t.Errorf("the password is told:\n%s", text)
				}
				if api != "" && test.name != "scheme" && !strings.Contains(err.Error(), "the proxy "+proxy.Scheme+"://"+proxy.Host) {
					t.Errorf("the proxy is not named: %v", err)
				}
			}
		})
	}
}

// trusting returns a configuration that trusts a server and a proxy.
func trusting(srv *gatewaytest.Server, p *proxytest.Proxy) *tls.Config {
	config := srv.TLSConfig()
	if config == nil {
		config = &tls.Config{RootCAs: x509.NewCertPool()}
	}
	if authority := p.Authority(); authority != nil {
		config.RootCAs.AddCert(authority)
	}
	return config
}
