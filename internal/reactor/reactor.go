// Package reactor carries bytes between sockets and the shards that own them.
//
// It knows descriptors, timers and wakes, and nothing of WebSocket or of the
// gateway. What it drives is a [Task]; a task is only ever called by one goroutine at a
// time, which runs its loop, so that it needs no locks of its own.
//
// Two drivers stand behind this contract, and [New] chooses.
//
// Event loops (Linux): a few loops serve all connections, and a few goroutines, each
// with one set of buffers, run whichever of them have something to do. One of these
// waits for all, parked on Go's netpoller, where it holds no thread. A read allocates
// nothing, TLS included (package lend), and an idle connection keeps no buffer: 3.5 KB
// of heap with TLS 1.3, half of it AES-GCM key schedules, nearly all of the rest
// crypto/tls's own. A connection that is no TCP socket is read and written by
// goroutines for its loop.
//
// [Portable]: a goroutine for each task, blocked in the connection's Read. It
// works for every net.Conn, on every system, and inside testing/synctest. The
// build tag portable forces it, and New falls back to it where the system refuses
// what loops need.
package reactor

import (
	"net"
	"sync/atomic"
	"time"
)

// Task is what a loop drives: one shard, over all its connections. All methods
// are called by whichever goroutine runs the loop, never at the same time.
type Task interface {
	// Feed takes bytes that the connection brought. They are borrowed until
	// Feed returns.
	Feed(now time.Time, b []byte)

	// Fail says that the connection can bring nothing more: io.EOF, a reset, or
	// whatever else its Read returned. The loop has let go of the connection and
	// closed it.
	Fail(now time.Time, err error)

	// Advance lets time pass and looks at what other goroutines left for the
	// task. It is called at the start, whenever the time that it returned has
	// come, after every wake, and after every Feed and Fail.
	//
	// drained says that the connection had nothing to read when it was last
	// looked at. A verdict that rests on silence (a peer that seems dead) may
	// only be spoken then: after a callback that took long, or while reading is
	// held, the proof of life lies unread in the socket.
	//
	// It returns when it wants to be called again, the zero time for "not before
	// something happens", and whether the task is over.
	Advance(now time.Time, drained bool) (next time.Time, done bool)

	// Done says that the loop has let go of the task, because it was over, or
	// because a callback ended the goroutine that ran the loop. It is the last call.
	Done()
}

// Prefetcher is a Task that can say what memory it needs.
type Prefetcher interface {
	// Prefetch asks for what Feed and Advance will need (package prefetch). A loop may
	// call it before it reads for the task.
	Prefetch()
}

// Loop is a task's hold on its loop.
type Loop interface {
	// Start begins to drive the task. It is called once.
	Start()

	// Attach gives the loop a connection to read from; head is what was already
	// read from it, and is fed first. Only the task may call it, from within its
	// own methods, and only while the loop has no connection. The loop owns conn
	// from then on.
	Attach(conn net.Conn, head []byte)

	// Detach closes the connection, if there is one. Only the task may call it,
	// from within its own methods.
	Detach()

	// Records says how the TLS records of the attached connection are read. Only the
	// task may call it, from within its own methods.
	Records() Records

	// Hold(true) has nothing more read from the connection, until Hold(false): the
	// peer's bytes stay with the system, which slows the peer down. Timers, wakes
	// and writes go on, as do the loop's other tasks; the end of the connection is
	// not told meanwhile. What was read before may still be fed. Only the task may
	// call it, from within its own methods. A new connection is not held.
	Hold(held bool)

	// Wake has Advance called soon. Any goroutine may call it, at any time.
	Wake()

	// BusyFor returns for how long the loop has been at work on one call, of this
	// task or of another that it serves; 0 if it is not. Any goroutine may ask.
	BusyFor(now time.Time) time.Duration

	// Counts returns what the loop counts, the same for all tasks that it serves.
	Counts() *Counts
}

// Records is how the TLS records of a connection are read. Without TLS, or without a
// connection, it is the zero value.
type Records struct {
	// Lent: out of the loop's buffer (package lend). The connection keeps none of its
	// own, and a read allocates nothing.
	Lent bool

	// Plain is why they are not lent: crypto/tls reads them into a buffer that it keeps.
	Plain string
}

// Counts are what a loop has done since it began. Any goroutine may read them.
type Counts struct {
	Loop int // the event loop's number, from 1 on; 0: a goroutine serves the task alone

	Wakes atomic.Uint64 // times that it went to work after it had waited
	Reads atomic.Uint64 // reads that brought bytes
	Busy  atomic.Int64  // ns that event loops were at work; goroutines do not measure it
}
