package metrics

import (
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// TestScrape: what is told is what the engine counted, by names that Prometheus's own
// linter likes, and no secret is in it.
func TestScrape(t *testing.T) {
	const shards = 6
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithGuilds(2, 1000),
		gatewaytest.WithIdentifyInterval(0)) // at Discord's heartbeat interval, which a busy machine keeps
	e := connected(t, srv, shards)
	srv.CloseWith(2, 4009, "")
	srv.Drop(3)
	eventually(t, "the end of two connections", func() bool { o := e.Overview(); return o.Reconnects == 2 && o.NotReady == 0 })
	beatSoon(t, srv, shards)
	eventually(t, "heartbeats", func() bool { return e.Overview().Heartbeats.Count() >= shards })
	h := handler(t, e, Options{PerShard: true})
	before := e.Stats()
	text := body(t, scrape(t, h, "/metrics"))
	after := e.Stats()
	all := families(t, text)
	for name, want := range map[string][2]float64{
		"sluice_events_total":               {float64(before.Events), float64(after.Events)},
		"sluice_wire_received_bytes_total":  {float64(before.BytesWire), float64(after.BytesWire)},
		"sluice_decoder_output_bytes_total": {float64(before.BytesJSON), float64(after.BytesJSON)},
		"sluice_identifies_total":           {shards + 1, shards + 1},
		"sluice_resumed_total":              {1, 1},
		"sluice_sessions_lost_total":        {1, 1},
		"sluice_not_ready_seconds":          {0, 0},
		"sluice_identify_budget_limit":      {float64(e.Budget().Total), float64(e.Budget().Total)},
	} {
		if got := number(t, all[name]); got < want[0] || got > want[1] {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	for _, test := range []struct {
		want   float64
		name   string
		labels []string
	}{
		{shards, "sluice_shards", []string{"Ready"}},
		{0, "sluice_shards", []string{"Stopped"}},
		{1, "sluice_closes_total", []string{"gateway", "4009"}},
		{1, "sluice_closes_total", []string{"nobody", "1006"}},
		{0, "sluice_closes_total", []string{"gateway", "4004"}},
		{1, "sluice_reconnects_total", []string{"broken"}},
		{0, "sluice_reconnects_total", []string{"zombie"}},
	} {
		if got := number(t, all[test.name], test.labels...); got != test.want {
			t.Errorf("%s%q is %v, want %v", test.name, test.labels, got, test.want)
		}
	}
	callbacks := all["sluice_callback_duration_seconds"].GetMetric()[0].GetHistogram()
	if n := callbacks.GetSampleCount(); n < before.Events || n > after.Events || callbacks.GetSampleSum() <= 0 {
		t.Errorf("%d callbacks in %v s", n, callbacks.GetSampleSum())
	}

	for name := range all {
		if own := strings.HasPrefix(name, "sluice_"); !own && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s is nobody's", name)
		}
	}
	for _, m := range list {
		if all[m.name] == nil {
			t.Errorf("there is no %s", m.name)
		}
	}
	text = body(t, scrape(t, h, "/metrics?shards=all"))
	problems, err := promlint.New(strings.NewReader(text)).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, "sluice_") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	for s := range e.Shards() {
		for what, secret := range map[string]string{"token": srv.Token(), "session id": s.Session().ID, "resume URL": s.Session().ResumeURL} {
			if secret == "" || strings.Contains(text, secret) {
				t.Errorf("the %s is told, or is %q", what, secret)
			}
		}
	}
}

// beatSoon has every shard send one heartbeat soon, and none that a busy machine could be late with: it is told a
// short interval and then a long one, which leaves the next heartbeat where it is.
func beatSoon(t *testing.T, srv *gatewaytest.Server, shards int) {
	t.Helper()
	for shard := range shards {
		for nth, interval := range []int{100, 60_000} {
			err := srv.Inject(fault.Fault{Point: fault.AtEvent, Shards: []int{shard}, Nth: nth + 1, Action: fault.ActionSend,
				Text: fmt.Sprintf(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":%d}}`, interval)})
			if err != nil {
				t.Fatal(err)
			}
		}
		srv.Dispatch(shard, "TYPING_START", []byte(`{}`))
		srv.Dispatch(shard, "TYPING_START", []byte(`{}`))
	}
}

// TestFormats: text, OpenMetrics and Protocol Buffers, each plain and compressed, tell the same.
func TestFormats(t *testing.T) {
	e := unreachable(t, 3)
	h := handler(t, e, Options{})
	for accept, want := range map[string]expfmt.FormatType{
		"":                             expfmt.TypeTextPlain,
		"text/plain;version=0.0.4":     expfmt.TypeTextPlain,
		"application/openmetrics-text": expfmt.TypeOpenMetrics,
		string(expfmt.NewFormat(expfmt.TypeProtoDelim)): expfmt.TypeProtoDelim,
	} {
		for _, coding := range []string{"", "gzip", "zstd", "zstd, gzip", "br"} {
			w := scrape(t, h, "/metrics", "Accept", accept, "Accept-Encoding", coding)
			format := expfmt.ResponseFormat(w.Header())
			if got := w.Header().Get("Content-Type"); expfmt.Format(got).FormatType() != want {
				t.Errorf("%q is answered by %s", accept, got)
			}
			got := w.Header().Get("Content-Encoding")
			if wanted := map[string]string{"zstd, gzip": "zstd", "br": ""}; got != coding && got != wanted[coding] {
				t.Errorf("%q is answered by %q", coding, got)
			}
			text := body(t, w)
			if want == expfmt.TypeOpenMetrics {
				if !strings.HasSuffix(text, "# EOF\n") || !strings.Contains(text, "\nsluice_shards{state=\"Connecting\"} 3") {
					t.Errorf("OpenMetrics: %.200s", text)
				}
				continue
			}
			found := false
			for decoder := expfmt.NewDecoder(strings.NewReader(text), format); ; {
				var f dto.MetricFamily
				if err := decoder.Decode(&f); err != nil {
					break
				}
				if f.GetName() == "sluice_shards" {
					found = number(t, &f, "Connecting") == 3
				}
			}
			if !found {
				t.Errorf("%q, %q: no shards", accept, coding)
			}
		}
	}
}

// TestDistribution: native and classic buckets hold the same times.
func TestDistribution(t *testing.T) {
	of := &engine.Histogram{Zero: 5, Sum: time.Second}
	bounds := []int{-20, -19, -12, 0, 4, 8}
	want := make([]uint64, len(bounds))
	for i := range of.Counts {
		if i%7 < 2 {
			of.Counts[i] = uint64(i)
		}
		for j, power := range bounds {
			if engine.HistogramBound(i).Seconds() <= math.Ldexp(1, power) {
				want[j] += of.Counts[i]
			}
		}
	}
	var m dto.Metric
	desc := prometheus.NewDesc("x", "x", nil, nil)
	if err := newDistribution(desc, of, bounds).Write(&m); err != nil {
		t.Fatal(err)
	}
	h := m.GetHistogram()
	for j, b := range h.GetBucket() {
		if b.GetCumulativeCount() != want[j]+5 || b.GetUpperBound() != math.Ldexp(1, bounds[j]) {
			t.Errorf("up to %v s: %d, want %d", b.GetUpperBound(), b.GetCumulativeCount(), want[j]+5)
		}
	}
	if last := h.GetBucket()[len(bounds)-1].GetCumulativeCount(); last != of.Count() || h.GetSampleCount() != last {
		t.Errorf("%d in buckets, %d in all", last, of.Count())
	}
	// The native ones, as the specification reads them.
	index, count, next := int32(0), int64(0), 0
	got := map[int32]int64{}
	for _, span := range h.GetPositiveSpan() {
		index += span.GetOffset()
		for range span.GetLength() {
			count += h.GetPositiveDelta()[next]
			got[index] = count
			index, next = index+1, next+1
		}
	}
	for i, n := range of.Counts {
		if uint64(got[int32(engine.HistogramFirst+i)]) != n {
			t.Errorf("native bucket %d: %d, want %d", i, got[int32(engine.HistogramFirst+i)], n)
		}
	}
	if next != len(h.GetPositiveDelta()) || h.GetZeroThreshold() != math.Ldexp(1, -20) || h.GetZeroCount() != 5 {
		t.Errorf("%v", h)
	}
	// Without times it is a native histogram all the same.
	if err := newDistribution(desc, new(engine.Histogram), bounds).Write(&m); err != nil || len(m.GetHistogram().GetPositiveSpan()) != 1 {
		t.Errorf("%v, %v", &m, err)
	}
}

// TestSize: 10,000 shards fit in 64 KB, however many there are.
func TestSize(t *testing.T) {
	sizes := map[int]int{}
	for _, shards := range []int{100, 10_000} {
		sizes[shards] = scrape(t, handler(t, unreachable(t, shards), Options{}), "/metrics").Body.Len()
	}
	t.Log(sizes)
	if large := sizes[10_000]; large > 64<<10 || large > sizes[100]+2000 {
		t.Errorf("%d bytes for 10,000 shards, %d for 100", large, sizes[100])
	}
}

// TestMethods: metrics are read, and nothing else.
func TestMethods(t *testing.T) {
	h := handler(t, unreachable(t, 1), Options{})
	for method, want := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "PUT": 405, "DELETE": 405, "": 200} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(method, "/metrics", http.NoBody))
		if w.Code != want {
			t.Errorf("%s is answered by %d, want %d", method, w.Code, want)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics?shards=all", nil))
	if w.Code != 404 || !strings.Contains(w.Body.String(), "PerShard") {
		t.Errorf("shards that were not allowed: %d %s", w.Code, w.Body)
	}
	registry := prometheus.NewRegistry()
	for _, want := range []bool{true, false} { // twice the same
		if _, err := NewHandler(unreachable(t, 1), Options{Registry: registry}); (err == nil) != want {
			t.Error(err)
		}
	}
}

// TestScrapesMeetChange: fifty at once, while shards come and go.
func TestScrapesMeetChange(t *testing.T) {
	e := unreachable(t, 20)
	h := handler(t, e, Options{PerShard: true})
	var scrapers sync.WaitGroup
	stop := make(chan struct{})
	for i := range 50 {
		target := "/metrics"
		if i%2 > 0 {
			target += "?shards=all"
		}
		scrapers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				w := httptest.NewRecorder()
				h.ServeHTTP(w, httptest.NewRequest("GET", target, nil))
				if w.Code != 200 && w.Code != 503 {
					t.Errorf("%s: %d", target, w.Code)
				}
			}
		})
	}
	for range 10 {
		fresh, err := e.AddShards(engine.Shards{Total: 7})
		if err != nil {
			t.Fatal(err)
		}
		if err := e.RemoveShards(t.Context(), fresh...); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	scrapers.Wait()
	if got := number(t, families(t, body(t, scrape(t, h, "/metrics")))["sluice_shards"], "Connecting"); got > 20 {
		t.Errorf("%v shards", got)
	}
}
