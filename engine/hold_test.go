package engine

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// TestHold: while a shard is held nothing is delivered, its heartbeats go on, and then
// everything comes in order. Held by hand, and by a time that has passed.
func TestHold(t *testing.T) {
	for name, how := range map[string]struct {
		hold, release func(t *testing.T, r *running)
	}{
		"by hand": {
			func(t *testing.T, r *running) {
				if err := r.shard(0).Hold(t.Context()); err != nil {
					t.Error(err)
				}
			},
			func(_ *testing.T, r *running) { r.shard(0).Release() },
		},
		"by time": {
			func(_ *testing.T, r *running) { r.HoldFrom(time.Now()) },
			func(_ *testing.T, r *running) { r.HoldFrom(time.Now().Add(time.Hour)) },
		},
		"by time, for good": {
			func(_ *testing.T, r *running) { r.HoldFrom(time.Now()) },
			func(_ *testing.T, r *running) { r.HoldFrom(time.Time{}) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := prepare(t)
				lent := pool.Lent()
				var got []int64
				r.On(messages, func(ev *Event) { got = append(got, ev.Seq) })
				r.run()
				p := r.net.accept(t)
				p.begin()
				p.event(2)
				s := r.shard(0)
				waitState(t, s, lifecycle.Ready)
				how.hold(t, r)
				for seq := int64(3); seq <= 20; seq++ {
					p.event(seq)
				}
				time.Sleep(500 * time.Second)
				synctest.Wait()
				if !slices.Equal(got, span(2, 2)) || s.State() != lifecycle.Ready {
					t.Errorf("%v while it was held; %v", got, s.View())
				}
				if beats := len(p.heartbeats()); beats < 10 {
					t.Errorf("%d heartbeats", beats)
				}
				how.release(t, r)
				synctest.Wait()
				if !slices.Equal(got, span(2, 20)) || s.Settled().Seq != 20 {
					t.Errorf("after it: %v, %+v", got, s.Settled())
				}
				r.end(p)
				if n := pool.Lent() - lent; n != 0 {
					t.Errorf("%d buffers were not given back", n)
				}
			})
		})
	}
}

// TestHeldShardDoesNotDial, and dials once it is released.
func TestHeldShardDoesNotDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		r.HoldFrom(time.Now())
		r.run()
		time.Sleep(time.Minute)
		synctest.Wait()
		if len(r.net.conns) != 0 {
			t.Error("it has dialled")
		}
		r.HoldFrom(time.Time{})
		p := r.net.accept(t)
		p.begin()
		waitState(t, r.shard(0), lifecycle.Ready)
		r.end(p)
	})
}

// TestAbandon: nothing is said, what was held is not delivered, and the session is as of
// the last event that was.
func TestAbandon(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		lent := pool.Lent()
		var closed lifecycle.Closed
		var got []int64
		r.On(messages, func(ev *Event) { got = append(got, ev.Seq) })
		r.On(gateway.Events(gateway.EventClosed), func(ev *Event) { closed, _ = ev.Closed() })
		r.run()
		p := r.net.accept(t)
		p.begin()
		p.event(2)
		s := r.shard(0)
		synctest.Wait()
		if err := s.Hold(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.event(3)
		synctest.Wait()
		kept, err := s.Abandon(t.Context())
		if err != nil || kept.Seq != 2 || kept.ID == "" || !slices.Equal(got, span(2, 2)) {
			t.Errorf("%+v, %v, delivered %v", kept, err, got)
		}
		for last := range p.in {
			if len(last) > 5 && last[:5] == "close" {
				t.Errorf("said %q", last)
			}
		}
		if closed.Code != 1006 || closed.By != lifecycle.ByNobody {
			t.Errorf("callbacks were told %+v", closed)
		}
		if err := s.Hold(context.Background()); err != ErrStopped {
			t.Error(err)
		}
		close(p.out)
		r.end()
		if n := pool.Lent() - lent; n != 0 {
			t.Errorf("%d buffers were not given back", n)
		}
	})
}
