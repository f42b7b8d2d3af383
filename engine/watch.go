package engine

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Watch is a subscription to what happens to all shards of an engine, made by
// [Engine.Watch]. A page, a fleet or an alarm takes it from C in a goroutine of its own.
type Watch struct {
	// C brings what happens, in the order of each shard. It is never closed.
	C <-chan lifecycle.Happening

	c       chan lifecycle.Happening
	dropped atomic.Uint64
	end     func()
}

// Dropped returns how many happenings found C full and were left out. No loop waits for
// whoever reads.
func (w *Watch) Dropped() uint64 { return w.dropped.Load() }

// Close ends the subscription. Nothing comes into C after it, but for what is being told
// at the moment. Closing again does nothing.
func (w *Watch) Close() { w.end() }

// Watch subscribes to what happens to the shards, those that come later included. Up to
// buffer happenings wait in its C; what comes while that is full is counted and left out.
// A storm brings some seven for each shard within seconds. An event of the gateway's costs
// nothing more for it.
func (e *Engine) Watch(buffer int) *Watch {
	c := make(chan lifecycle.Happening, max(buffer, 1))
	w := &Watch{C: c, c: c}
	w.end = func() { e.watches.remove(w) }
	e.watches.add(w)
	return w
}

// watches is the list of subscriptions; a change makes a new list.
type watches struct {
	mu      sync.Mutex
	current atomic.Pointer[[]*Watch]
}

func (ws *watches) add(w *Watch) {
	ws.change(func(all []*Watch) []*Watch { return append(all, w) })
}

func (ws *watches) remove(w *Watch) {
	ws.change(func(all []*Watch) []*Watch {
		return slices.DeleteFunc(all, func(x *Watch) bool { return x == w })
	})
}

func (ws *watches) change(edit func([]*Watch) []*Watch) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	var all []*Watch
	if old := ws.current.Load(); old != nil {
		all = slices.Clone(*old)
	}
	all = edit(all)
	ws.current.Store(&all)
}

// tell leaves a happening for each watch that has room.
func (ws *watches) tell(h *lifecycle.Happening) {
	all := ws.current.Load()
	if all == nil {
		return
	}
	for _, w := range *all {
		select {
		case w.c <- *h:
		default:
			w.dropped.Add(1)
		}
	}
}
