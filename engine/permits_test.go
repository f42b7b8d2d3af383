package engine

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

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
		waitState(t, s, lifecycle.Ready)
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
		want(100, first.Add(limit.Period))
		time.Sleep(time.Second)
		for range 100 {
			send()
		}
		want(0, first.Add(limit.Period))
		time.Sleep(limit.Period - time.Second)
		want(15, first.Add(time.Second+limit.Period))
		// A new connection has all its permits.
		p.drop()
		close(p.out)
		q := r.net.accept(t)
		q.resume()
		want(0, time.Time{})
		q.send(`{"t":"RESUMED","s":1,"op":0,"d":{}}`)
		waitState(t, s, lifecycle.Ready)
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
		waitState(t, s, lifecycle.Ready)
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
