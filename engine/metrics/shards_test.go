package metrics

import (
	"errors"
	"net/http/httptest"
	"runtime"
	"strconv"
	"testing"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestPerShard: each shard's series, behind all others.
func TestPerShard(t *testing.T) {
	const shards = 4
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0))
	e := connected(t, srv, shards)
	h := handler(t, e, Options{PerShard: true})
	for i := range shards {
		for range i {
			srv.Dispatch(i, "TYPING_START", []byte(`{}`))
		}
		eventually(t, "events", func() bool { return e.Shard(i).Stats().Events == uint64(1+i) })
	}
	all := families(t, body(t, scrape(t, h, "/metrics?shards=all", "Accept-Encoding", "gzip")))
	if all["sluice_shards"] == nil || all["go_goroutines"] == nil {
		t.Error("the others are missing")
	}
	for i := range shards {
		labels := []string{strconv.Itoa(i), strconv.Itoa(shards)}
		if n := number(t, all["sluice_shard_events_total"], labels...); n != float64(1+i) {
			t.Errorf("shard %d: %v events", i, n)
		}
		if n := number(t, all["sluice_shard_state"], labels...); n != float64(lifecycle.Ready) {
			t.Errorf("shard %d: state %v", i, n)
		}
	}
	for _, m := range shardList {
		if f := all[m.name]; len(f.GetMetric()) != shards || f.GetHelp() != m.help {
			t.Errorf("%s: %v", m.name, f)
		}
	}
	if others := families(t, body(t, scrape(t, h, "/metrics"))); others["sluice_shard_events_total"] != nil {
		t.Error("nobody has asked for each shard's")
	}
}

// TestPerShardRefuses what makes no sense, and more than it can do at once.
func TestPerShardRefuses(t *testing.T) {
	h := handler(t, unreachable(t, 2), Options{PerShard: true})
	ask := func(query string) int {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics?"+query, nil))
		return w.Code
	}
	for query, want := range map[string]int{"shards=all": 200, "shards=1": 400, "shards": 400} {
		if got := ask(query); got != want {
			t.Errorf("%s is answered by %d, want %d", query, got, want)
		}
	}
	// Clients that do not read hold all places.
	var waiting []chan struct{}
	ended := make(chan struct{})
	for range maxShardAnswers {
		w := &stuck{ResponseRecorder: httptest.NewRecorder(), began: make(chan struct{}), goOn: make(chan struct{})}
		waiting = append(waiting, w.goOn)
		go func() {
			h.ServeHTTP(w, httptest.NewRequest("GET", "/metrics?shards=all", nil))
			ended <- struct{}{}
		}()
		<-w.began
	}
	if got := ask("shards=all"); got != 503 {
		t.Errorf("one more is answered by %d", got)
	}
	for _, goOn := range waiting {
		close(goOn)
		<-ended
	}
	if got := ask("shards=all"); got != 200 {
		t.Errorf("after that by %d", got)
	}
}

// stuck is a client that does not read, and then goes.
type stuck struct {
	*httptest.ResponseRecorder
	began, goOn chan struct{}
	waited      bool
}

func (s *stuck) Write([]byte) (int, error) {
	if !s.waited {
		s.waited = true
		close(s.began)
		<-s.goOn
	}
	return 0, errors.New("gone")
}

// heap returns how many bytes are in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // pools are emptied by the second
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestMemoryIsFlat over many scrapes, of each kind.
func TestMemoryIsFlat(t *testing.T) {
	h := handler(t, unreachable(t, 1000), Options{PerShard: true})
	for _, target := range []string{"/metrics", "/metrics?shards=all"} {
		for _, coding := range []string{"", "gzip", "zstd"} {
			scrape(t, h, target, "Accept-Encoding", coding)
			before := heap()
			for range 100 {
				scrape(t, h, target, "Accept-Encoding", coding)
			}
			if after := heap(); after > before+1<<20 {
				t.Errorf("%s, %q: from %d to %d bytes", target, coding, before, after)
			}
		}
	}
}

// BenchmarkScrape of 10,000 shards.
func BenchmarkScrape(b *testing.B) {
	h := handler(b, unreachable(b, 10_000), Options{PerShard: true})
	for _, target := range []string{"/metrics", "/metrics?shards=all"} {
		for _, coding := range []string{"identity", "gzip", "zstd"} {
			b.Run(target[1:]+"/"+coding, func(b *testing.B) {
				b.ReportAllocs()
				size := 0
				for b.Loop() {
					size = scrape(b, h, target, "Accept-Encoding", coding).Body.Len()
				}
				b.ReportMetric(float64(size), "bytes")
			})
		}
	}
}
