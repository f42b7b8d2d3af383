package engine

import (
	"context"
	"fmt"
	"reflect"
	"runtime"
	"strings"

	"github.com/sluice-go/sluice/engine/identify"
)

// This file is about code from outside that the engine calls.

// acquire asks an identify queue.
func (u *userCalls) acquire(ctx context.Context, queue identify.Queue, shard int) (identify.Permit, error) {
	u.acquires.Add(1)
	defer u.acquires.Add(-1)
	return queue.Acquire(ctx, shard)
}

// underWay says what has not returned yet: callbacks of some shards, and what is
// counted.
func (u *userCalls) underWay(shards []int) string {
	var what []string
	if shards != nil {
		what = append(what, fmt.Sprintf("callbacks of shards %v", shards))
	}
	if n := u.dials.Load(); n > 0 {
		what = append(what, fmt.Sprintf("%d calls of Config.Dial", n))
	}
	if n := u.acquires.Load(); n > 0 {
		what = append(what, fmt.Sprintf("%d calls of Config.IdentifyQueue's Acquire", n))
	}
	if what == nil {
		return "code that adds shards, such as Config.PerShard"
	}
	return strings.Join(what, ", ")
}

// What follows keeps code that the engine calls from waiting for itself. There is one
// rule: nothing waits in a callback. What would have to is done without waiting or
// not at all, as the method says, and returns ErrInCallback.

// functions are some of this package's, as the runtime names them.
type functions map[string]bool

// loopCalls are the functions by which a loop calls a shard: every callback runs
// below one of them.
var loopCalls = methods[task]("Feed", "Fail", "Advance", "Done")

// callbackCalls are those below which asynchronous callbacks, and the bodies of loops over
// events, run too.
var callbackCalls = union(loopCalls, methods[asyncQueue]("run"), methods[stream]("loop"))

// runCalls are those below which the end of Run must not be waited for, since Run
// waits for them: callbacks, Run itself (Config.PerShard, a session store), its
// helpers (Config.Dial, an identify queue, a session store), and whoever adds shards
// (Config.PerShard again).
var runCalls = union(callbackCalls, methods[Engine]("Run", "guarded", "add"))

func methods[T any](names ...string) functions {
	t := reflect.TypeFor[T]()
	fs := functions{}
	for _, name := range names {
		fs[t.PkgPath()+".(*"+t.Name()+")."+name] = true
	}
	return fs
}

func union(sets ...functions) functions {
	all := functions{}
	for _, set := range sets {
		for f := range set {
			all[f] = true
		}
	}
	return all
}

// inCallback reports whether it is called on a loop's goroutine, where to wait for
// what a loop brings would be to wait for oneself.
func inCallback() bool { return loopCalls.call() }

// call reports whether one of the functions is on the goroutine's stack.
func (fs functions) call() bool { return fs.innermost() != "" }

// innermost returns which of the functions on the goroutine's stack was called last.
// It takes some microseconds.
func (fs functions) innermost() string {
	var pcs [64]uintptr
	for skip := 1; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); fs[frame.Function] {
				return frame.Function
			}
		}
		if n < len(pcs) {
			return ""
		}
	}
}

// awaitLoop waits until done, which a loop closes, or returns the error of ctx. In a
// callback it does not wait, and returns [ErrInCallback]: whatever shard it is about
// may be served by the loop that the callback holds up.
func awaitLoop(ctx context.Context, done <-chan struct{}) error {
	return awaitOutside(loopCalls, ctx, done)
}

// awaitCallbacks is awaitLoop for what is closed only when asynchronous callbacks
// have returned.
func awaitCallbacks(ctx context.Context, done <-chan struct{}) error {
	return awaitOutside(callbackCalls, ctx, done)
}

func awaitOutside(fs functions, ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default:
	}
	if fs.call() {
		return ErrInCallback
	}
	return awaitDone(ctx, done)
}

// awaitDone waits until done is closed, or returns the error of ctx. Where both have
// come, it is done.
func awaitDone(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	select {
	case <-done:
		return nil
	default:
		return ctx.Err()
	}
}
