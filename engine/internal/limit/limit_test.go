package limit

import (
	"testing"
	"time"
)

func TestCommandLimit(t *testing.T) {
	for _, test := range []struct {
		limit    int
		interval time.Duration
		want     int
	}{
		{0, 41250 * time.Millisecond, 115},
		{0, time.Minute, 115},
		{0, time.Hour, 116},
		{0, 10 * time.Second, 110},
		{0, time.Second, 56},
		{0, time.Millisecond, 1},
		{0, 0, 1},
		{120, time.Hour, 116},
		{1000, 41250 * time.Millisecond, 995},
		{5, time.Hour, 1},
		{1, time.Hour, 1},
		{-1, 41250 * time.Millisecond, -1},
	} {
		if got := Commands(test.limit, test.interval); got != test.want {
			t.Errorf("commandLimit(%d, %v) = %d, want %d", test.limit, test.interval, got, test.want)
		}
	}
}

// TestSendWindowSlides on a given clock, over a ring that grows and turns round.
func TestSendWindowSlides(t *testing.T) {
	var w Window
	begin := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	const limit = 20
	var sent []time.Time
	now := begin
	for i := range 200 {
		wait := w.Wait(now, limit)
		if i >= limit {
			if want := sent[i-limit].Add(Period); !now.Add(wait).Equal(want) && (wait > 0 || now.Before(want)) {
				t.Fatalf("payload %d after %v, want %v", i, now.Add(wait).Sub(begin), want.Sub(begin))
			}
		} else if wait != 0 {
			t.Fatalf("payload %d waits for %v", i, wait)
		}
		now = now.Add(wait)
		if wait := w.Wait(now, limit); wait != 0 {
			t.Fatalf("payload %d waits for another %v", i, wait)
		}
		w.Note(now, limit)
		sent = append(sent, now)
		if i%3 == 0 {
			now = now.Add(time.Second)
		}
	}
	if len(w.times) != limit {
		t.Errorf("a ring of %d", len(w.times))
	}
	if wait := w.Wait(now, -1); wait != 0 {
		t.Errorf("without a limit: %v", wait)
	}
	if w.Note(now, -1); w.count > limit {
		t.Error("counted without a limit")
	}
}

// TestGuildLimitsForget what has passed.
func TestGuildLimitsForget(t *testing.T) {
	var g Guilds
	now := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	for guild := range uint64(100_000) {
		if g.Take(guild, now) != now {
			t.Fatal("not allowed")
		}
		now = now.Add(100 * time.Millisecond)
	}
	if n := len(g.until); n > 1000 {
		t.Errorf("%d guilds are kept", n)
	}
}
