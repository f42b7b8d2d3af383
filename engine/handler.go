package engine

import (
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/sluice-go/sluice/engine/internal/guard"
	"github.com/sluice-go/sluice/gateway"
)

// handler is one callback with what it asked for.
type handler struct {
	events gateway.EventSet
	call   func(*Event)
}

// handlers is the list of callbacks. Reading it takes no lock: a change makes a
// new list.
type handlers struct {
	mu      sync.Mutex
	current atomic.Pointer[handlerList]

	onPanic func(ev *Event, value any)
	logger  *slog.Logger
	drain   func(ev *Event) // closes all shards before a panic on one ends the program
}

type handlerList struct {
	union gateway.EventSet
	all   []*handler
}

func (hs *handlers) add(h *handler) {
	hs.change(func(all []*handler) []*handler { return append(all, h) })
}

func (hs *handlers) remove(h *handler) {
	hs.change(func(all []*handler) []*handler {
		return slices.DeleteFunc(all, func(x *handler) bool { return x == h })
	})
}

func (hs *handlers) change(edit func([]*handler) []*handler) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	var all []*handler
	if old := hs.current.Load(); old != nil {
		all = slices.Clone(old.all)
	}
	list := &handlerList{all: edit(all)}
	for _, h := range list.all {
		list.union = list.union.Union(h.events)
	}
	hs.current.Store(list)
}

// wanting returns the callbacks, or nil if none asked for t. It is asked before
// any work is done for an event.
func (hs *handlers) wanting(t gateway.EventType) *handlerList {
	list := hs.current.Load()
	if list == nil || !list.union.Has(t) {
		return nil
	}
	return list
}

// deliver calls the callbacks that asked for ev's type, in the order in which
// they were registered.
func (hs *handlers) deliver(list *handlerList, ev *Event) {
	for _, h := range list.all {
		if h.events.Has(ev.Type) {
			hs.call(h, ev)
		}
	}
}

func (hs *handlers) call(h *handler, ev *Event) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if hs.onPanic != nil {
			if value := recover(); value != nil {
				hs.recovered(ev, value)
				return
			}
		}
		hs.fatal(ev)
	}()
	h.call(ev)
	returned = true
}

// recovered calls OnPanic, which may panic itself.
func (hs *handlers) recovered(ev *Event, value any) {
	returned := false
	defer func() {
		if !returned {
			hs.fatal(ev)
		}
	}()
	hs.onPanic(ev, value)
	returned = true
}

// fatal runs while a callback's panic (or its runtime.Goexit, which is what
// testing.T.FailNow does) unwinds the loop. Nothing is recovered, so that the
// program dies with the callback's own stack, but no session dies with it.
func (hs *handlers) fatal(ev *Event) {
	shard := -1
	if ev.Shard != nil {
		shard = ev.Shard.ID()
	}
	name, stack := ev.Name(), string(debug.Stack())
	guard.Attempt(crashLogTime, func() {
		hs.logger.Error("a callback panicked; closing all shards so that their sessions can be resumed",
			"shard", shard, "event", name, "stack", stack)
	})
	hs.drain(ev)
}
