package engine

import (
	"slices"
	"sync"
	"sync/atomic"
)

// AfterRead registers a function that is called when callbacks have taken all events that one read brought, with
// the shard that had them: what callbacks gather of several events is best written there, once. It returns a function
// that takes it away again. What holds for callbacks holds for it: it runs on the shard's loop, which it must not
// keep waiting. It may be called at any time, by any goroutine.
func (e *Engine) AfterRead(f func(*Shard)) (remove func()) {
	if f == nil {
		panic("engine: AfterRead needs a function")
	}
	return e.reads.add(&f)
}

// readers are the functions that AfterRead registered. Calling them takes no lock: a change makes a new list.
type readers struct {
	mu   sync.Mutex
	list atomic.Pointer[[]*func(*Shard)]
}

func (r *readers) add(f *func(*Shard)) (remove func()) {
	r.change(func(list []*func(*Shard)) []*func(*Shard) { return append(list, f) })
	return func() {
		r.change(func(list []*func(*Shard)) []*func(*Shard) {
			return slices.DeleteFunc(list, func(one *func(*Shard)) bool { return one == f })
		})
	}
}

func (r *readers) change(edit func([]*func(*Shard)) []*func(*Shard)) {
	r.mu.Lock()
	defer r.mu.Unlock()
	var list []*func(*Shard)
	if old := r.list.Load(); old != nil {
		list = slices.Clone(*old)
	}
	list = edit(list)
	r.list.Store(&list)
}

// afterRead calls them, if callbacks had any event since the last call.
func (s *Shard) afterRead() {
	if !s.delivered {
		return
	}
	s.delivered = false
	if list := s.engine.reads.list.Load(); list != nil {
		for _, f := range *list {
			(*f)(s)
		}
	}
}
