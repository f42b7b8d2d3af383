package engine

import (
	"cmp"
	"hash/maphash"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/reactor"
)

// figures are what an engine counts for all of its shards at once.
type figures struct {
	calls      []recorder // time in callbacks that take long, by event; see callsOf
	seed       maphash.Seed
	heartbeats recorder
	acked      atomic.Int64 // ns that heartbeats took, in all
	closes     closeCounts
}

// maxCallRecorders bounds the memory of figures.calls: 2 KB each.
const maxCallRecorders = 64

// init makes the recorders: as many as there are event loops.
func (f *figures) init() {
	f.calls = make([]recorder, min(4*runtime.GOMAXPROCS(0), maxCallRecorders))
	f.seed = maphash.MakeSeed()
}

// callsOf returns the recorder of a loop. Loops seldom have one in common, so that
// processors do not wait for each other's memory at each event.
func (f *figures) callsOf(loop *reactor.Counts) *recorder {
	return &f.calls[maphash.Comparable(f.seed, loop)%uint64(len(f.calls))]
}

// callbacks returns how long the callbacks of events took, of which stats has the sum.
func (f *figures) callbacks(stats *Stats) (h Histogram) {
	h.Zero, h.Sum = stats.fastCallbacks, stats.InCallbacks
	for i := range f.calls {
		f.calls[i].addTo(&h)
	}
	return h
}

// beat counts a heartbeat that was acknowledged.
func (f *figures) beat(took time.Duration) {
	f.heartbeats.record(took)
	f.acked.Add(int64(took))
}

// latencies returns how long heartbeats took.
func (f *figures) latencies() (h Histogram) {
	h.Sum = time.Duration(f.acked.Load())
	f.heartbeats.addTo(&h)
	return h
}

// CloseCount is how many connections ended in one way.
type CloseCount struct {
	Code  gateway.CloseCode // as in [lifecycle.Closed], or OtherClose
	By    lifecycle.Closer
	Count uint64
}

const (
	// OtherClose stands in a [CloseCount] for codes that are not told apart any more.
	OtherClose gateway.CloseCode = 65535

	// maxCloses is how many ways are told apart: a gateway can send some 4,000 codes.
	maxCloses = 64
)

// closeCounts counts the ends of connections.
type closeCounts struct {
	mu     sync.Mutex
	counts []CloseCount // few, so a list will do
}

// add counts an end.
func (c *closeCounts) add(code gateway.CloseCode, by lifecycle.Closer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.of(code, by)
	if n == nil && len(c.counts) >= maxCloses {
		code = OtherClose
		n = c.of(code, by)
	}
	if n == nil {
		c.counts = append(c.counts, CloseCount{Code: code, By: by})
		n = &c.counts[len(c.counts)-1]
	}
	n.Count++
}

// of returns the count of one way, nil if there is none. mu is held.
func (c *closeCounts) of(code gateway.CloseCode, by lifecycle.Closer) *CloseCount {
	for i := range c.counts {
		if n := &c.counts[i]; n.Code == code && n.By == by {
			return n
		}
	}
	return nil
}

// list returns what was counted, by who closed and by code.
func (c *closeCounts) list() []CloseCount {
	c.mu.Lock()
	defer c.mu.Unlock()
	list := slices.Clone(c.counts)
	slices.SortFunc(list, func(a, b CloseCount) int {
		return cmp.Or(cmp.Compare(a.By, b.By), cmp.Compare(a.Code, b.Code))
	})
	return list
}
