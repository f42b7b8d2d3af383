package engine

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestURLSecrets: what a user's URL holds besides scheme, host and path is in no error of
// New's, whatever is wrong with the URL.
func TestURLSecrets(t *testing.T) {
	for _, raw := range []string{
		"https://user:SECRET@host", "wss://user:SECRET@host", "wss://SECRET@host", "ftp://user:SECRET@host",
		"user:SECRET@host", "//user:SECRET@host", "wss://user:SE%ZZCRET@host", "wss://user:SECRET@host:port",
		"wss://user:SECRET@ho st", "https:user:SECRET@host", "ftp://host/?key=SECRET", "ftp://host/#SECRET", "SECRET",
	} {
		for field, set := range map[string]func(*Config){
			"GatewayURL": func(c *Config) { c.GatewayURL = raw },
			"APIURL":     func(c *Config) { c.APIURL = strings.Replace(raw, "wss:", "http:", 1) },
		} {
			if field == "APIURL" && strings.HasPrefix(raw, "https://SECRET") {
				continue
			}
			c := Config{Token: NewToken(testToken)}
			set(&c)
			_, err := New(c)
			if err == nil || !strings.Contains(err.Error(), "Config."+field) || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "CRET") {
				t.Errorf("%s %q: %v", field, raw, err)
			}
		}
		config := testConfig(t, func(c *Config) {
			c.PerShard = func(_ int, s *ShardConfig) { s.GatewayURL = raw }
		})
		if _, _, err := config.forShard(ShardSpec{Total: 1}); err == nil || strings.Contains(err.Error(), "SECRET") || strings.Contains(err.Error(), "CRET") {
			t.Errorf("PerShard %q: %v", raw, err)
		}
	}
}

// TestProxyVariables: a proxy of the environment's that cannot be used is a mistake, which
// does not repeat it, and not a reason to connect without.
func TestProxyVariables(t *testing.T) {
	for _, name := range []string{"HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
	}
	for _, test := range []struct {
		variables string
		target    string
		want      string // "": none
		mistake   string
	}{
		{"", "wss://gateway.test", "", ""},
		{"HTTPS_PROXY=http://p:1", "wss://gateway.test", "http://p:1", ""},
		{"https_proxy=p:1", "wss://gateway.test", "http://p:1", ""},
		{"HTTPS_PROXY=user:pass@p:1", "wss://gateway.test", "http://user:pass@p:1", ""},
		{"HTTPS_PROXY=http://p:1", "ws://gateway.test", "", ""},
		{"HTTP_PROXY=http://p:1", "ws://gateway.test", "http://p:1", ""},
		{"ALL_PROXY=socks5h://p:1", "ws://gateway.test", "socks5h://p:1", ""},
		{"all_proxy=socks5://p:1", "https://discord.test", "socks5://p:1", ""},
		{"all_proxy=socks5://p:1 HTTPS_PROXY=http://q:1", "wss://gateway.test", "http://q:1", ""},
		{"ALL_PROXY=socks5://p:1 NO_PROXY=example.test,.gateway.test", "wss://a.gateway.test", "", ""},
		{"ALL_PROXY=socks5://p:1 no_proxy=*", "wss://gateway.test", "", ""},
		{"ALL_PROXY=socks5://p:1 no_proxy=10.0.0.0/8", "wss://10.1.2.3", "", ""},
		{"ALL_PROXY=socks5://p:1", "ws://127.0.0.1:99", "", ""},
		{"ALL_PROXY=socks5://p:1", "ws://localhost:99", "", ""},
		{"HTTPS_PROXY=socks4://user:SECRET@p:1", "", "", "HTTPS_PROXY"},
		{"ALL_PROXY=socks://user:SECRET@p:1", "", "", "ALL_PROXY"},
		{"HTTP_PROXY=http://user:SECR%ZZET@p:1", "", "", "HTTP_PROXY"},
		{"HTTP_PROXY=http://user:SECRET@p:port", "", "", "HTTP_PROXY"},
		{"HTTPS_PROXY=http://", "", "", "HTTPS_PROXY"},
	} {
		t.Run(test.variables, func(t *testing.T) {
			for _, v := range strings.Fields(test.variables) {
				name, value, _ := strings.Cut(v, "=")
				t.Setenv(name, value)
			}
			e, err := New(Config{Token: NewToken(testToken)})
			if test.mistake != "" {
				if err == nil || !strings.Contains(err.Error(), "Config.Proxy: the environment variable "+test.mistake) ||
					strings.Contains(err.Error(), "SECR") || strings.Contains(err.Error(), "user:") {
					t.Errorf("got %v", err)
				}
				if _, err := New(Config{Token: NewToken(testToken), Proxy: func(*http.Request) (*url.URL, error) { return nil, nil }}); err != nil {
					t.Errorf("with Config.Proxy: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			u, _ := url.Parse(strings.Replace(test.target, "ws", "http", 1))
			p, err := e.config.proxy(u)
			if got := fmt.Sprint(p); err != nil || got != test.want && (p != nil || test.want != "") {
				t.Errorf("%v, %v, want %s", p, err, test.want)
			}
		})
	}
}

// TestLoggedURLs: neither the log nor View shows the query of a URL.
func TestLoggedURLs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, _ := api(t, 0, gatewayBotAnswer("ws://gw.test/path?key=SECRET", 1, 1))
		r.run()
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		view := r.shard(0).View()
		text := r.logs.String() + fmt.Sprintf("%+v %v", view, slog.AnyValue(view))
		if strings.Contains(text, "SECRET") || !strings.Contains(text, "ws://gw.test/path") {
			t.Errorf("%s", text)
		}
		r.end(p)
	})
}
