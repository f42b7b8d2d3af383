package engine

import (
	"io"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/internal/prefetch"
)

// task is a shard as its loop sees it, a reactor.Task. Every callback runs below one of
// its methods.
type task Shard

// Feed implements reactor.Task.
func (t *task) Feed(now time.Time, b []byte) {
	s := (*Shard)(t)
	returned := false
	defer s.engine.guard(s, &returned)
	s.core.Feed(now, b)
	s.settle(now)
	returned = true
}

// Fail implements reactor.Task: the connection brings nothing more.
func (t *task) Fail(now time.Time, err error) {
	s := (*Shard)(t)
	returned := false
	defer s.engine.guard(s, &returned)
	s.link.Detach()
	if err == io.EOF {
		err = errHungUp
	}
	s.core.Lost(now, s.engine.gateway.Judge(now, err)) // also where it could not be adopted
	s.settle(now)
	returned = true
}

// Advance implements reactor.Task. It follows every Feed and Fail, so that what
// others may see need not be published there too.
func (t *task) Advance(now time.Time, drained bool) (next time.Time, done bool) {
	s := (*Shard)(t)
	returned := false
	defer s.engine.guard(s, &returned)
	s.readMail(now)
	if err := s.link.Failure(); err != nil {
		s.core.Lost(now, err)
	}
	s.core.Advance(now, drained)
	s.settle(now)
	s.publish()
	next = s.core.Next()
	s.promise.give(s.engine, next)
	returned = true
	return next, s.core.State() == lifecycle.Stopped
}

// Done implements reactor.Task: the loop has let go of the shard.
func (t *task) Done() {
	s := (*Shard)(t)
	defer close(s.done)
	defer s.engine.retire(s)
	returned := false
	defer s.engine.guard(s, &returned)
	s.closeMail()
	s.core.Drop() // where a callback ended the loop's goroutine
	returned = true
}

// Prefetch implements reactor.Prefetcher.
func (t *task) Prefetch() {
	t.core.Prefetch()
	// What lies behind the link's first field is not needed for an event. The span begins at
	// the shard and ends inside of it.
	prefetch.Bytes(unsafe.Pointer(t), unsafe.Offsetof(t.link)+unsafe.Sizeof(atomic.Bool{}))
}
