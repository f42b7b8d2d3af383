package saver

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/session"
)

// storeGrace is how long a method may go on once its context has ended, until it is no
// longer waited for.
const storeGrace = time.Second

// ErrNotReturned is what a method that is no longer waited for is said to return.
var ErrNotReturned = errors.New("has not returned; it must heed its context, and give its own calls a time limit")

// errStoreClosed is why a method is not called any more.
var errStoreClosed = errors.New("engine: the session store is closed")

// storeUse is an engine's use of a store. A method that does not return in time is
// abandoned: it goes on in its goroutine, and no other is called before it has
// returned, so that it can neither undo a newer save nor meet another call.
type storeUse struct {
	store   session.Store
	guarded func(do func()) // drains the engine if do panics
	free    func()          // lets the next engine use the store
	turn    chan struct{}   // holds a value while a method is being called; guards closed
	closed  bool
}

// enterStore begins the use of a store, when the engine that used it before has ended its
// own, or returns the error of ctx.
func enterStore(ctx context.Context, store session.Store, guarded func(do func())) (*storeUse, error) {
	free, err := storeUsers.enter(ctx, store)
	if err != nil {
		return nil, fmt.Errorf("engine: another engine of this process uses the session store: %w", err)
	}
	return &storeUse{store: store, guarded: guarded, free: free, turn: make(chan struct{}, 1)}, nil
}

// call has a method called, and returns what it returns, or ErrNotReturned when ctx ended
// storeGrace ago. If an earlier call has not returned when ctx ends, this one is not made.
func (u *storeUse) call(ctx context.Context, method string, f func(context.Context) error) error {
	if !take(ctx, u.turn) {
		return fmt.Errorf("an earlier call of the session store %w", ErrNotReturned)
	}
	if u.closed {
		<-u.turn
		return errStoreClosed
	}
	c := &storeCall{done: make(chan struct{})}
	go u.guarded(func() { c.run(ctx, f, u.turn) })
	return c.await(ctx, method)
}

// close closes the store once no other method is being called, for as long as that may
// take, and then lets the next engine use it. It waits for that as call does. A second
// call does nothing.
func (u *storeUse) close(ctx context.Context) error {
	c := &storeCall{done: make(chan struct{})}
	go u.guarded(func() {
		u.turn <- struct{}{}
		if u.closed {
			<-u.turn
			close(c.done)
			return
		}
		u.closed = true
		defer u.free()
		c.run(ctx, func(context.Context) error { return u.store.Close() }, u.turn)
	})
	return c.await(ctx, "Close")
}

// take puts a value into a channel of one, and reports whether it could before the end
// of ctx. If there is room, it can also behind that.
func take(ctx context.Context, turn chan struct{}) bool {
	select {
	case turn <- struct{}{}:
		return true
	default:
	}
	select {
	case turn <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

// storeCall is a call of a method.
type storeCall struct {
	done    chan struct{}
	settled atomic.Bool // somebody takes what follows, or it was given up

	// The outcome.
	err      error
	panicked any // the value of a panic, nil: none
}

// run calls the method. A panic goes to who waits for the outcome, or else ends the
// program here.
func (c *storeCall) run(ctx context.Context, f func(context.Context) error, turn <-chan struct{}) {
	returned := false
	defer func() {
		<-turn
		if !returned {
			c.err = errors.New("the session store ended the goroutine that it was called in")
			c.panicked = recover()
		}
		given := c.settled.CompareAndSwap(false, true)
		close(c.done)
		if c.panicked != nil && !given {
			panic(c.panicked)
		}
	}()
	c.err = f(ctx)
	returned = true
}

// await waits for the outcome, until storeGrace after the end of ctx.
func (c *storeCall) await(ctx context.Context, method string) error {
	select {
	case <-c.done:
		return c.outcome()
	case <-ctx.Done():
	}
	grace := time.NewTimer(storeGrace)
	defer grace.Stop()
	select {
	case <-c.done:
	case <-grace.C:
		if c.settled.CompareAndSwap(false, true) {
			return fmt.Errorf("%s of the session store %w", method, ErrNotReturned)
		}
		<-c.done // at the last moment
	}
	return c.outcome()
}

func (c *storeCall) outcome() error {
	if c.panicked != nil {
		panic(c.panicked)
	}
	return c.err
}

// storeUsers holds the stores in use by the engines of this process.
var storeUsers users

// users lets one user at a time have each thing.
type users struct {
	mu    sync.Mutex
	inUse map[any]chan struct{} // closed when it is free
}

// enter waits until nobody has a thing, and takes it. Things that cannot be compared
// are not told apart from others, and not waited for.
func (u *users) enter(ctx context.Context, thing any) (free func(), err error) {
	if !reflect.ValueOf(thing).Comparable() {
		return func() {}, nil
	}
	for {
		u.mu.Lock()
		left, taken := u.inUse[thing]
		if !taken {
			break
		}
		u.mu.Unlock()
		select {
		case <-left:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer u.mu.Unlock()
	if u.inUse == nil {
		u.inUse = make(map[any]chan struct{})
	}
	left := make(chan struct{})
	u.inUse[thing] = left
	return func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.inUse, thing)
		close(left)
	}, nil
}
