//go:build aix || darwin || dragonfly || freebsd || linux || netbsd || openbsd || solaris || windows

package top

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
)

// TestNoTerminal: what is wrong is said in words of users.
func TestNoTerminal(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("other systems say it elsewhere")
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer null.Close()
	err = Run(t.Context(), served(t, engineJSON, `{"shards":[]}`), Options{Interval: time.Second}, null, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "must be a terminal") || !strings.Contains(err.Error(), "/api/v1/engine") {
		t.Error(err)
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
