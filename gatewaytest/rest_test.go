package gatewaytest_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

// get asks for a path below APIURL.
func get(t *testing.T, srv *gatewaytest.Server, path, authorization string) (*http.Response, string) {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: srv.TLSConfig()}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequest("GET", srv.APIURL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	res, err := (&http.Client{Transport: transport}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, string(body)
}

func TestREST(t *testing.T) {
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(7), gatewaytest.WithMaxConcurrency(3), gatewaytest.WithSessionStartLimit(1000, 9))
	connect(t, srv, srv.URL(), "").identify(srv, 0, 7)

	res, body := get(t, srv, "/gateway", "")
	var gateway struct{ URL string }
	if json.Unmarshal([]byte(body), &gateway); res.StatusCode != 200 || gateway.URL != srv.URL() {
		t.Errorf("Get Gateway: %s, %s", res.Status, body)
	}
	res, body = get(t, srv, "/gateway/bot", "Bot "+srv.Token())
	var bot struct {
		URL    string
		Shards int
		Limit  struct {
			Total, Remaining int
			ResetAfter       int64 `json:"reset_after"`
			MaxConcurrency   int   `json:"max_concurrency"`
		} `json:"session_start_limit"`
	}
	if json.Unmarshal([]byte(body), &bot); res.StatusCode != 200 || bot.URL != srv.URL() || bot.Shards != 7 ||
		bot.Limit.Total != 1000 || bot.Limit.Remaining != 8 || bot.Limit.MaxConcurrency != 3 ||
		bot.Limit.ResetAfter <= 0 || bot.Limit.ResetAfter > (24*time.Hour).Milliseconds() {
		t.Errorf("Get Gateway Bot: %s, %s", res.Status, body)
	}
	for _, authorization := range []string{"", srv.Token(), "Bot x", "Bearer " + srv.Token()} {
		if res, body := get(t, srv, "/gateway/bot", authorization); res.StatusCode != 401 || strings.TrimSpace(body) != `{"code":0,"message":"401: Unauthorized"}` {
			t.Errorf("with authorization %q: %s, %s", authorization, res.Status, body)
		}
	}
	if res, body := get(t, srv, "/nothing", ""); res.StatusCode != 404 || !strings.Contains(body, "404: Not Found") {
		t.Errorf("no such path: %s, %s", res.Status, body)
	}

	srv.RejectREST(1, 429, 1500*time.Millisecond)
	if res, body := get(t, srv, "/gateway/bot", ""); res.StatusCode != 429 || res.Header.Get("Retry-After") != "2" || !strings.Contains(body, `"retry_after":1.5`) {
		t.Errorf("rate limit: %s, Retry-After %q, %s", res.Status, res.Header.Get("Retry-After"), body)
	}
	srv.RejectREST(1, 503, 0)
	if res, _ := get(t, srv, "/gateway", ""); res.StatusCode != 503 {
		t.Errorf("server error: %s", res.Status)
	}
	if res, _ := get(t, srv, "/gateway", ""); res.StatusCode != 200 {
		t.Errorf("after the faults: %s", res.Status)
	}
}

// TestUpgradeRefused asks for an upgrade in ways that get none.
func TestUpgradeRefused(t *testing.T) {
	srv := plain(t)
	u, _ := url.Parse(srv.URL())
	for query, status := range map[string]int{
		"v=10&encoding=etf":                   400,
		"v=10&encoding=json&compress=deflate": 400,
		"v=10&encoding=json":                  400, // no upgrade is asked for
	} {
		res, err := http.Get("http://" + u.Host + "/?" + query)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != status {
			t.Errorf("%s: %s, want %d", query, res.Status, status)
		}
	}
}

// TestCertificates dials with and without trust, and weighs the long chain.
func TestCertificates(t *testing.T) {
	srv := gatewaytest.NewServer(t, gatewaytest.WithLongChain())
	u, _ := url.Parse(srv.URL())
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(srv.CertPEM()) {
		t.Fatalf("CertPEM is no certificate: %q", srv.CertPEM())
	}
	for _, host := range []string{"localhost", "127.0.0.1"} {
		nc, err := tls.Dial("tcp", u.Host, &tls.Config{RootCAs: pool, ServerName: host})
		if err != nil {
			t.Fatal(err)
		}
		size := 0
		for _, c := range nc.ConnectionState().PeerCertificates {
			size += len(c.Raw)
		}
		if size < 3000 || size > 4500 {
			t.Errorf("the long chain has %d bytes", size)
		}
		nc.Close()
	}
	if nc, err := tls.Dial("tcp", u.Host, nil); err == nil {
		nc.Close()
		t.Error("the certificate is trusted by all the world")
	}
	if srv := plain(t); srv.TLSConfig() != nil || srv.CertPEM() != nil || !strings.HasPrefix(srv.URL(), "ws://") {
		t.Error("a server without TLS has certificates")
	}
}

// TestOptions has Start refuse what makes no sense, all of it at once.
func TestOptions(t *testing.T) {
	_, err := gatewaytest.Start(gatewaytest.WithShards(0), gatewaytest.WithTraffic(-2), gatewaytest.WithEvents(0))
	for _, want := range []string{"WithShards(0)", "WithTraffic(-2)", "WithEvents(0)"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not name %s", err, want)
		}
	}
	if _, err := gatewaytest.Start(gatewaytest.WithListen("nowhere")); err == nil {
		t.Error("an address without a port is accepted")
	}
}

// TestClose leaves no goroutine behind, whatever the connections are doing.
func TestClose(t *testing.T) {
	for _, rate := range []float64{0, 100, gatewaytest.Saturated} {
		srv, err := gatewaytest.Start(gatewaytest.WithTraffic(rate), gatewaytest.WithIdentifyInterval(0))
		if err != nil {
			t.Fatal(err)
		}
		for _, compress := range allCompressions {
			begin(t, srv, compress)
			connect(t, srv, srv.URL(), compress)
		}
		connect(t, srv, srv.URL(), "").write(0x81, make([]byte, 5000)) // is being closed
		srv.Close()
		srv.Close()
		// A goroutine that Close has waited for can still be on its way out.
		stacks := serverStacks()
		for deadline := time.Now().Add(patience); len(stacks) > 0 && time.Now().Before(deadline); stacks = serverStacks() {
			runtime.Gosched()
		}
		if len(stacks) > 0 {
			t.Fatalf("rate %v: %d goroutines are left, the first:\n%s", rate, len(stacks), stacks[0])
		}
	}
}

// serverStacks returns the stacks of goroutines that run code of the server.
func serverStacks() []string {
	buf := make([]byte, 1<<20)
	stacks := strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n")
	return slices.DeleteFunc(stacks, func(s string) bool {
		return !strings.Contains(s, "gatewaytest.(*Server)") && !strings.Contains(s, "gatewaytest.(*conn)")
	})
}
