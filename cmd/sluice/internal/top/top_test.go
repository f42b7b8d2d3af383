package top

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// served answers like a monitor.
func served(t *testing.T, engine, shards string) *Client {
	mux := http.NewServeMux()
	mux.HandleFunc("/api/v1/engine", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(engine)) })
	mux.HandleFunc("/api/v1/shards", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte(shards)) })
	srv := httptest.NewServer(mux)
	t.Cleanup(srv.Close)
	c, err := NewClient(strings.TrimPrefix(srv.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const engineJSON = `{"title":"a \u001b[31mbot","shards":3,"ready":2,"states":{"Ready":2,"Resuming":1},"memory_bytes":12345678,
"rates":{"events":1500,"bytes_wire":25000,"bytes_json":150000,"in_callbacks":0.25,"latency_p50_s":0.02,"latency_p99_s":1.5},
"totals":{"reconnects":7,"missing":2,"sessions_lost":1},"budget":{"total":1000,"remaining":990,"reset_at":"2026-11-28T03:12:00Z"}}`

func snapshots(t *testing.T) (before, now *Snapshot) {
	c := served(t, engineJSON, `{"at":"2026-11-28T03:12:04Z","shards":[
{"id":0,"total":3,"state":"Ready","events":2000,"latency_ns":20000000,"in_callbacks_ns":1000000000,"reconnects":1},
{"id":1,"total":3,"state":"Ready","events":1000,"latency_ns":900000,"in_callbacks_ns":1500000000,"reconnects":6},
{"id":2,"total":3,"state":"Resuming","events":10,"reconnects":3,"stalled":true}]}`)
	now, err := c.Look(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	old := *now
	old.At = now.At.Add(-2 * time.Second)
	old.Shards = []Shard{{ID: 0, Total: 3, Events: 1000, InCallbacks: time.Second}, {ID: 1, Total: 3, InCallbacks: time.Second}}
	return &old, now
}

// TestRows are sorted by what each order says.
func TestRows(t *testing.T) {
	before, now := snapshots(t)
	for order, want := range map[Order]string{ByShard: "012", ByRate: "012", ByLatency: "012", ByCallbacks: "102", ByReconnects: "120"} {
		got := ""
		for _, r := range rows(before, now, order) {
			got += string(rune('0' + r.ID))
		}
		if got != want {
			t.Errorf("by %v: %s, want %s", order, got, want)
		}
		if parsed, err := ParseOrder(order.String()); err != nil || parsed != order {
			t.Error(parsed, err)
		}
	}
	list := rows(before, now, ByShard)
	if list[0].rate != 500 || list[1].busy != 0.25 || list[2].rate != 0 {
		t.Errorf("%+v", list)
	}
	if list = rows(nil, now, ByRate); list[0].rate != 0 {
		t.Errorf("%+v", list)
	}
	if _, err := ParseOrder("size"); err == nil {
		t.Error("an order that there is not")
	}
}

// TestClientSaysWhatIsWrong.
func TestClientSaysWhatIsWrong(t *testing.T) {
	for _, address := range []string{"", "ftp://x", "http://", "http://a b"} {
		if _, err := NewClient(address); err == nil {
			t.Errorf("%q is taken", address)
		}
	}
	c, err := NewClient("127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "is the bot running with --http?") {
		t.Error(err)
	}
	if _, err := served(t, "no JSON", "").Look(t.Context()); err == nil || !strings.Contains(err.Error(), "no bot's") {
		t.Error(err)
	}
	srv := httptest.NewServer(http.NotFoundHandler())
	defer srv.Close()
	if c, err = NewClient(srv.URL); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Look(t.Context()); err == nil || !strings.Contains(err.Error(), "404") {
		t.Error(err)
	}
	if err := Run(t.Context(), c, Options{}, nil, nil); err == nil {
		t.Error("a screen without a bot")
	}
}
