// Package identify has what the shards of a bot share when they identify: import it where
// several engines or processes run one bot, and so must share a queue that spaces their
// identifies. It also says what is known of how many are left. A queue of your own implements
// [Queue], and needs nothing else of this project.
package identify

import "context"

// Queue spaces identifies: one per 5 s for each key, which is shard id %
// max_concurrency. Going over it costs sessions, and in the end the token, so
// all engines and processes of one bot must share one queue.
type Queue interface {
	// Acquire waits until shard may identify, or until ctx ends; the error is
	// then that of ctx. Any other error ends the shard's connection, and the next
	// one asks again.
	Acquire(ctx context.Context, shard int) (Permit, error)
}

// Expecter is what an [Queue] may implement beside it, to let shards
// identify in the order of their ids although their connections come up in any
// order, as Discord wants the buckets started. Without it the order is that of the
// calls of Acquire.
type Expecter interface {
	// Expect says that a shard is connecting and will ask soon. The queue may keep
	// higher shards waiting for it, but not for long: it may never ask. done says
	// that it is not expected any more, since it has its permit or its connection
	// has failed. Calls of Expect for one shard may overlap.
	Expect(shard int) (done func())
}

// Permit is the right to identify once. It holds up its key until it is
// released. Its methods are called by a loop, and must not wait.
type Permit interface {
	// Sent says that the identify was sent just now: the 5 s count from here.
	Sent()
	// Release says that READY came, or that the attempt failed, perhaps before
	// anything was sent. A second call must do nothing.
	Release()
}
