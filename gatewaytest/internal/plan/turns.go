package plan

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// turns draws faults for WithChaosInterval: each shard has its turn about once an interval. A nil
// one draws none.
type turns struct {
	seed     uint64
	interval time.Duration
	over     atomic.Bool

	mu     sync.Mutex
	shards map[int]*turn
	strays []stray
}

// turn is the next fault of a shard.
type turn struct {
	random *rand.Rand // of the shard alone
	due    time.Time  // not before this
	plot   *plot
	fault  fault.Fault // the plot's, ready to happen
	led    bool        // the plot's way was taken: the fault waits for its point
}

// stray is a fault of a point at which the shard is not known yet. It meets whoever comes first, or
// everybody until a time.
type stray struct {
	fault.Fault
	until time.Time
}

// outage is for how long a stray that should always happen does.
const outage = 2 * time.Second

func newTurns(seed uint64, interval time.Duration) *turns {
	return &turns{seed: seed, interval: interval, shards: make(map[int]*turn)}
}

func (t *turns) end() {
	if t != nil {
		t.over.Store(true)
	}
}

// may reports whether something may happen at a point to a shard.
func (t *turns) may(point fault.Point, shard int, now time.Time) bool {
	if t == nil || t.over.Load() {
		return false
	}
	if point != fault.AtEvent {
		return true
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return !now.Before(t.of(shard, now).due)
}

// of returns a shard's turn. The caller holds t.mu.
func (t *turns) of(shard int, now time.Time) *turn {
	s := t.shards[shard]
	if s == nil {
		s = &turn{random: rand.New(rand.NewPCG(t.seed, uint64(shard)))}
		t.shards[shard] = s
		s.draw(now, t.interval)
	}
	return s
}

// draw chooses the next fault, and when it is due: half an interval from now at least.
func (s *turn) draw(now time.Time, interval time.Duration) {
	s.due = now.Add(interval/2 + time.Duration(s.random.Int64N(int64(interval))))
	s.plot = drawPlot(s.random)
	s.fault = s.plot.fault
	chooseMalformed(&s.fault, s.random)
	s.led = false
}

// at returns what happens at a point to a shard, if anything.
func (t *turns) at(point fault.Point, shard int, via fault.Address, now time.Time) (f fault.Fault, ok bool) {
	if t == nil || t.over.Load() {
		return f, false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if shard == NoShard {
		return t.stray(point, via, now)
	}
	s := t.of(shard, now)
	if now.Before(s.due) && !s.led {
		return f, false
	}
	switch {
	case point == s.fault.Point:
		f = s.fault
		s.draw(now, t.interval)
		return f, true
	case point == fault.AtEvent && s.plot.way.Action != 0 && !now.Before(s.due):
		// Where the way led elsewhere, it is taken again.
		f = s.plot.way
		if s.fault.Point.KnowsShard() {
			s.led, s.due = true, now.Add(t.interval)
		} else {
			t.strays = append(t.strays, stray{s.fault, now.Add(outage)})
			s.draw(now, t.interval)
		}
		return f, true
	}
	return f, false
}

// stray returns what happens before the shard is known. The caller holds t.mu.
func (t *turns) stray(point fault.Point, via fault.Address, now time.Time) (f fault.Fault, ok bool) {
	for i := 0; i < len(t.strays); i++ {
		s := t.strays[i]
		lasts := s.Times == fault.Always
		if lasts && now.After(s.until) {
			t.strays = append(t.strays[:i], t.strays[i+1:]...)
			i--
			continue
		}
		if s.Point != point || s.Address != fault.AnyAddress && s.Address != via {
			continue
		}
		if !lasts {
			t.strays = append(t.strays[:i], t.strays[i+1:]...)
		}
		return s.Fault, true
	}
	return f, false
}

// plot is a fault and what leads to its point.
type plot struct {
	weight int // its share of the sum of all
	way    fault.Fault
	fault  fault.Fault
}

// drawPlot chooses a plot by its weight.
func drawPlot(random *rand.Rand) *plot {
	n := random.IntN(plotsWeight)
	for i := range plots {
		if n -= plots[i].weight; n < 0 {
			return &plots[i]
		}
	}
	panic("gatewaytest: the weights of plots do not add up")
}
