package engine

import (
	"context"
	"testing"
	"testing/synctest"
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
		if got := commandLimit(test.limit, test.interval); got != test.want {
			t.Errorf("commandLimit(%d, %v) = %d, want %d", test.limit, test.interval, got, test.want)
		}
	}
}

// TestSendWindowSlides on a given clock, over a ring that grows and turns round.
func TestSendWindowSlides(t *testing.T) {
	var w sendWindow
	begin := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	const limit = 20
	var sent []time.Time
	now := begin
	for i := range 200 {
		wait := w.wait(now, limit)
		if i >= limit {
			if want := sent[i-limit].Add(sendPeriod); !now.Add(wait).Equal(want) && (wait > 0 || now.Before(want)) {
				t.Fatalf("payload %d after %v, want %v", i, now.Add(wait).Sub(begin), want.Sub(begin))
			}
		} else if wait != 0 {
			t.Fatalf("payload %d waits for %v", i, wait)
		}
		now = now.Add(wait)
		if wait := w.wait(now, limit); wait != 0 {
			t.Fatalf("payload %d waits for another %v", i, wait)
		}
		w.note(now, limit)
		sent = append(sent, now)
		if i%3 == 0 {
			now = now.Add(time.Second)
		}
	}
	if len(w.times) != limit {
		t.Errorf("a ring of %d", len(w.times))
	}
	if wait := w.wait(now, -1); wait != 0 {
		t.Errorf("without a limit: %v", wait)
	}
	if w.note(now, -1); w.count > limit {
		t.Error("counted without a limit")
	}
}

// TestPain25_PermitsAreVisible: how many are left, and when the next comes.
func TestPain25_PermitsAreVisible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		want := func(left int, next time.Time) {
			t.Helper()
			if got := s.View().Permits; got.Left != left || !got.Next.Equal(next) {
				t.Errorf("%+v; want %d left, next %v", got, left, next)
			}
		}
		want(0, time.Time{})
		p.begin()
		waitState(t, s, Ready)
		want(115, time.Time{})
		first := time.Now()
		send := func() {
			t.Helper()
			if err := s.Send(context.Background(), presence); err != nil {
				t.Fatal(err)
			}
			p.expect(`{"op":3,`)
		}
		for range 15 {
			send()
		}
		want(100, first.Add(sendPeriod))
		time.Sleep(time.Second)
		for range 100 {
			send()
		}
		want(0, first.Add(sendPeriod))
		time.Sleep(sendPeriod - time.Second)
		want(15, first.Add(time.Second+sendPeriod))
		// A new connection has all its permits.
		p.drop()
		close(p.out)
		q := r.net.accept(t)
		q.resume()
		want(0, time.Time{})
		q.send(`{"t":"RESUMED","s":1,"op":0,"d":{}}`)
		waitState(t, s, Ready)
		want(115, time.Time{})
		r.end(q)
	})
}

// TestSendWithoutLimit, as behind a proxy that has limits of its own.
func TestSendWithoutLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t, func(c *Config) { c.SendLimit = -1 })
		p := r.net.accept(t)
		s := r.shard(0)
		p.begin()
		waitState(t, s, Ready)
		begin := time.Now()
		for range 500 {
			if err := s.Send(context.Background(), presence); err != nil {
				t.Fatal(err)
			}
			p.expect(`{"op":3,`)
		}
		if d := time.Since(begin); d != 0 {
			t.Errorf("took %v", d)
		}
		if got := s.View().Permits; got.Left != -1 || !got.Next.IsZero() {
			t.Errorf("%+v", got)
		}
		r.end(p)
	})
}
