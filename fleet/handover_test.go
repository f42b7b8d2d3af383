//go:build !plan9 && !aix

package fleet

import (
	"context"
	"maps"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
)

// parting counts what becomes of hand-overs, which wait at their beginning.
type parting struct {
	wait chan struct{}

	mu                     sync.Mutex
	began, finished, ended map[int]int // by shard
}

// parted is one of them.
type parted struct {
	*parting
	shard int
}

func (p *parting) count(what map[int]int, shard int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	what[shard]++
}

func (p *parting) begin(ctx context.Context, s *engine.Shard, _ string) Handover {
	p.count(p.began, s.ID())
	select {
	case <-p.wait:
	case <-ctx.Done():
	}
	return parted{p, s.ID()}
}

func (p parted) Finish(context.Context, session.Session) { p.count(p.finished, p.shard) }
func (p parted) Left()                                   { p.count(p.ended, p.shard) }
func (p parted) Stayed()                                 { p.count(p.ended, p.shard) }

// TestDrainWhileMoving: a process that is to end while it hands some of its shards to another one hands each shard over once: two
// who have what goes along would be one too many, and who has not all of it may be the one that gets the shard.
func TestDrainWhileMoving(t *testing.T) {
	const shards = 4
	st := newStage(t, shards)
	p := &parting{wait: make(chan struct{}), began: map[int]int{}, finished: map[int]int{}, ended: map[int]int{}}
	first := st.joinWith("first", func(f *Fleet) { f.HandOver(p.begin) })
	st.spread(shards, first)
	second := st.join("second")
	begun := func(n int) func() bool {
		return func() bool {
			p.mu.Lock()
			defer p.mu.Unlock()
			return len(p.began) == n
		}
	}
	eventually(t, "half of the shards move", begun(shards/2))
	first.end()
	eventually(t, "the others do", begun(shards))
	close(p.wait)
	first.stop(t)
	st.spread(shards, second)
	want := map[int]int{0: 1, 1: 1, 2: 1, 3: 1}
	p.mu.Lock()
	if !maps.Equal(p.began, want) || !maps.Equal(p.finished, want) || !maps.Equal(p.ended, want) {
		t.Errorf("hand-overs began %v, were finished %v and ended %v", p.began, p.finished, p.ended)
	}
	p.mu.Unlock()
	second.stop(t)
	st.check(0, shards)
}
