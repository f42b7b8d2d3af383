package top

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
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

// TestScreen is of the terminal's size, obeys its keys, and keeps control characters out.
func TestScreen(t *testing.T) {
	before, now := snapshots(t)
	m := &screen{ctx: t.Context(), options: Options{Interval: time.Second, Order: ByRate}, before: before, now: now, width: 80, height: 24}
	for _, size := range [][2]int{{80, 24}, {40, 10}, {1, 1}, {200, 50}} {
		m.Update(tea.WindowSizeMsg{Width: size[0], Height: size[1]})
		text := m.text()
		lines := strings.Split(text, "\n")
		if want := max(size[1], 7); len(lines) != want {
			t.Errorf("%v: %d lines, want %d", size, len(lines), want)
		}
		for _, line := range lines {
			for _, style := range []string{bold, faint, inverse, red, yellow, green, plain} {
				line = strings.ReplaceAll(line, style, "")
			}
			if n := len([]rune(line)); n > size[0] || strings.Contains(line, "\x1b") {
				t.Errorf("%v: %d letters in %q", size, n, line)
			}
		}
	}
	m.Update(tea.WindowSizeMsg{Width: 130, Height: 24})
	text := m.text()
	for _, want := range []string{"2 of 3 shards ready, 1 Resuming", "1500 events/s", "25.0kB/s wire", "990 of 1000 identifies left", "heartbeats 20.0ms, 99% 1.5s", "▾events/s", "900µs", "25.00%", "stalled"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	for key, order := range map[string]Order{"s": ByShard, "r": ByRate, "l": ByLatency, "c": ByCallbacks, "n": ByReconnects} {
		if m.key(key); m.options.Order != order {
			t.Errorf("%s sorts by %v", key, m.options.Order)
		}
	}
	m.options.Order = ByReconnects
	if m.key("tab"); m.options.Order != ByShard {
		t.Error(m.options.Order)
	}
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 8})
	for _, step := range []struct {
		key  string
		want int
	}{{"down", 1}, {"down", 1}, {"up", 0}, {"up", 0}, {"end", 1}, {"home", 0}, {"pgdown", 1}, {"pgup", 0}} {
		if m.key(step.key); m.first != step.want {
			t.Errorf("%s: row %d, want %d", step.key, m.first, step.want)
		}
	}
	if m.key("q") == nil || m.key("x") != nil {
		t.Error("q is to quit, x to do nothing")
	}
	m.Update(looked{err: errors.New("the bot is gone")})
	if text := m.text(); !strings.Contains(text, "the bot is gone") || m.now != now {
		t.Errorf("%s", text)
	}
	m.Update(looked{snapshot: before})
	if m.before != now || m.now != before || m.failure != nil {
		t.Error("a look is not taken")
	}
	if v := m.View(); !v.AltScreen {
		t.Error("the screen is not its own")
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

// TestRunEnds when its context does, and when the user quits.
func TestRunEnds(t *testing.T) {
	c := served(t, engineJSON, `{"at":"2026-11-28T03:12:04Z","shards":[]}`)
	var out strings.Builder
	if err := Run(t.Context(), c, Options{Interval: time.Millisecond}, strings.NewReader("lrq"), &out); err != nil {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	silent, end := context.WithCancel(context.Background())
	defer end()
	if err := Run(ctx, c, Options{Interval: time.Millisecond}, blocked{silent}, &out); err != nil {
		t.Error(err)
	}
}

// blocked is an input on which nothing comes.
type blocked struct{ ctx context.Context }

func (b blocked) Read([]byte) (int, error) {
	<-b.ctx.Done()
	return 0, b.ctx.Err()
}

func FuzzSnapshot(f *testing.F) {
	f.Add([]byte(engineJSON))
	f.Fuzz(func(t *testing.T, b []byte) {
		s := new(Snapshot)
		if json.Unmarshal(b, &s.Engine) != nil || json.Unmarshal(b, &s.Shards) != nil && len(b) > 0 {
			s.Shards = append(s.Shards, Shard{State: string(b)})
		}
		m := &screen{now: s, width: 60, height: 12}
		if text := m.text(); strings.Count(text, "\n") != 11 {
			t.Errorf("%q", text)
		}
	})
}
