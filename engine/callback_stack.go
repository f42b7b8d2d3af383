package engine

import (
	"context"
	"reflect"
	"runtime"
)

// loopCalls are the functions by which a loop calls a shard, as the runtime names
// them: every callback runs below one of them.
var loopCalls = func() map[string]bool {
	shard := reflect.TypeFor[Shard]().PkgPath() + ".(*Shard)."
	return map[string]bool{shard + "Feed": true, shard + "Fail": true, shard + "Advance": true}
}()

// inCallback reports whether it is called on a loop's goroutine, where to wait for
// what a loop brings would be to wait for oneself. It looks at the goroutine's
// stack, which takes some microseconds.
func inCallback() bool {
	var pcs [64]uintptr
	for skip := 1; ; skip += len(pcs) {
		n := runtime.Callers(skip, pcs[:])
		frames := runtime.CallersFrames(pcs[:n])
		for more := n > 0; more; {
			var frame runtime.Frame
			if frame, more = frames.Next(); loopCalls[frame.Function] {
				return true
			}
		}
		if n < len(pcs) {
			return false
		}
	}
}

// awaitLoop waits until done is closed, or returns the error of ctx. In a callback it
// does not wait, and returns [ErrInCallback]: whatever shard it is about may be
// served by the loop that the callback holds up.
func awaitLoop(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	default:
	}
	if inCallback() {
		return ErrInCallback
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
