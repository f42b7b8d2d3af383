package engine

import (
	"math/rand/v2"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/gateway"
)

// TestPostpone: the settled session waits for what was postponed, in whatever order it is
// settled.
func TestPostpone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := prepare(t)
		var receipts []Receipt
		r.On(gateway.AllDispatches(), func(ev *Event) { receipts = append(receipts, ev.Postpone()) })
		r.run()
		p := r.net.accept(t)
		p.begin()
		for seq := int64(2); seq <= 5; seq++ {
			p.event(seq)
		}
		synctest.Wait()
		s := r.shard(0)
		want := func(seq int64) {
			t.Helper()
			if got := s.Settled(); got.Seq != seq || s.Session().Seq != 5 {
				t.Errorf("settled %+v, want %d of %+v", got, seq, s.Session())
			}
		}
		want(0) // READY itself is postponed: nothing can be resumed yet
		if specs := r.Sessions(nil); len(specs) != 0 {
			t.Errorf("%v", specs)
		}
		receipts[1].Settle()
		receipts[2].Settle()
		want(0)
		receipts[0].Settle()
		want(3)
		receipts[0].Settle()
		receipts[4].Settle()
		want(3)
		receipts[3].Settle()
		want(5)
		Receipt{}.Settle()
		NewEvent("X", nil).Postpone().Settle()
		r.end(p)
	})
}

// TestReceiptBook against a plain model.
func TestReceiptBook(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	var rs receipts
	type entry struct {
		r       Receipt
		seq     int64
		session string
	}
	var open []entry
	seq := map[string]int64{}
	for range 20000 {
		if len(open) == 0 || rng.IntN(100) < 50 {
			session := [...]string{"a", "b"}[rng.IntN(2)]
			seq[session]++
			open = append(open, entry{rs.of().open(session, seq[session]), seq[session], session})
		} else {
			i := rng.IntN(min(len(open), 5))
			open[i].r.Settle()
			if rng.IntN(10) == 0 {
				open[i].r.Settle()
			}
			open = append(open[:i], open[i+1:]...)
		}
		for _, session := range [...]string{"a", "b", "c"} {
			want := int64(0)
			for _, e := range open {
				if e.session == session && (want == 0 || e.seq < want) {
					want = e.seq
				}
			}
			if got := rs.unsettled(session); got != want {
				t.Fatalf("%s: %d, want %d", session, got, want)
			}
		}
	}
}

// TestPostponeAllocatesNothing once the book has grown.
func TestPostponeAllocatesNothing(t *testing.T) {
	ev := &Event{Shard: &Shard{}, Seq: 1, Session: "s"}
	var window [64]Receipt
	round := func() {
		for i := range window {
			window[i] = ev.Postpone()
		}
		for i := range window {
			window[i].Settle()
		}
	}
	round()
	if n := testing.AllocsPerRun(100, round); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
