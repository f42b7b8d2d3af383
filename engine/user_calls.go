package engine

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/sluice-go/sluice/engine/identify"
)

// userCalls counts the calls of code from outside that are under way in goroutines of
// the engine, so that Run can say which it no longer waits for.
type userCalls struct {
	dials    atomic.Int64 // of Config.Dial
	acquires atomic.Int64 // of Config.identify.Queue
}

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
