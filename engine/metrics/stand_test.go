package metrics

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// free has nobody wait, and is none of the queues whose identifies are not counted.
type free struct{ identify.Unlimited }

// run runs an engine until the test ends.
func run(tb testing.TB, config engine.Config) *engine.Engine {
	tb.Helper()
	config.Logger = slog.New(slog.DiscardHandler)
	config.IdentifyQueue = free{}
	e, err := engine.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- e.Run(ctx) }()
	tb.Cleanup(func() {
		cancel()
		if err := <-result; err != nil {
			tb.Error(err)
		}
	})
	return e
}

// connected runs an engine against a gateway, and waits until all shards are ready.
func connected(tb testing.TB, srv *gatewaytest.Server, shards int, edit ...func(*engine.Config)) *engine.Engine {
	tb.Helper()
	config := engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), TLS: srv.TLSConfig(), Intents: gateway.IntentsAll,
	}
	for _, f := range edit {
		f(&config)
	}
	e := run(tb, config)
	e.On(gateway.AllDispatches(), func(*engine.Event) {})
	eventually(tb, "all shards ready", func() bool { return e.Overview().States[lifecycle.Ready] == shards })
	return e
}

// unreachable runs an engine whose shards never get a connection.
func unreachable(tb testing.TB, shards int) *engine.Engine {
	tb.Helper()
	e := run(tb, engine.Config{
		Token: engine.NewToken("bot.token.secret"), GatewayURL: "ws://gateway.test", Shards: engine.Shards{Total: shards},
		Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		},
	})
	eventually(tb, "shards", func() bool { return e.Shard(shards-1) != nil })
	return e
}

// eventually polls for what no channel tells of.
func eventually(tb testing.TB, what string, is func() bool) {
	tb.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(2 * time.Minute); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			tb.Fatalf("%s: did not come", what)
		}
	}
}

// handler returns what answers for e.
func handler(tb testing.TB, e *engine.Engine, options Options) http.Handler {
	tb.Helper()
	h, err := NewHandler(e, options)
	if err != nil {
		tb.Fatal(err)
	}
	return h
}

// scrape asks for the metrics; header is pairs of names and values.
func scrape(tb testing.TB, h http.Handler, target string, header ...string) *httptest.ResponseRecorder {
	tb.Helper()
	r := httptest.NewRequest(http.MethodGet, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		tb.Fatalf("%s: %d %s", target, w.Code, w.Body)
	}
	return w
}

// body returns an answer as it was before it was compressed.
func body(tb testing.TB, w *httptest.ResponseRecorder) string {
	tb.Helper()
	var r io.Reader = w.Body
	var err error
	switch coding := w.Header().Get("Content-Encoding"); coding {
	case "":
	case "gzip":
		r, err = gzip.NewReader(r)
	case "zstd":
		r, err = zstd.NewReader(r)
	default:
		tb.Fatalf("content encoding %s", coding)
	}
	if err != nil {
		tb.Fatal(err)
	}
	b, err := io.ReadAll(r)
	if err != nil {
		tb.Fatal(err)
	}
	return string(b)
}

// families reads an answer in the text format.
func families(tb testing.TB, text string) map[string]*dto.MetricFamily {
	tb.Helper()
	parser := expfmt.NewTextParser(model.LegacyValidation)
	all, err := parser.TextToMetricFamilies(strings.NewReader(text))
	if err != nil {
		tb.Fatal(err)
	}
	return all
}

// number returns the value with those values of labels.
func number(tb testing.TB, f *dto.MetricFamily, labels ...string) float64 {
	tb.Helper()
metrics:
	for _, m := range f.GetMetric() {
		for i, l := range m.GetLabel() {
			if i >= len(labels) || l.GetValue() != labels[i] {
				continue metrics
			}
		}
		return m.GetCounter().GetValue() + m.GetGauge().GetValue()
	}
	tb.Fatalf("%s has none with %q", f.GetName(), labels)
	return 0
}
