//go:build !portable

package reactor

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/internal/reactor/lend"
)

// readSize is how much is read at a time: nearly four full TLS records.
const readSize = 64 << 10

// buffers are what a goroutine reads into. Those of the leader, which serves most of
// what comes, stay in its processor's cache.
type buffers struct {
	cipher []byte // from the socket
	plain  []byte // decrypted
}

func newBuffers() *buffers {
	return &buffers{make([]byte, readSize+slack), make([]byte, readSize+lend.MaxPlaintext)}
}

// loop is an event loop: it serves the connections, timers and wakes of many tasks,
// one at a time. The goroutine that runs it is whichever of its team comes first (see
// team); it has the loop for itself meanwhile, and lends it its buffers.
//
// Fields above mu belong to whoever runs the loop, but for behind, which is the team's.
type loop struct {
	team    *team
	number  int32 // in the team
	behind  *loop
	wheel   *wheel
	sources []*source    // of the tasks that live, by their index; nil: free. Written with mu held, too
	free    []int32      // indexes
	gen     int32        // of the last connection
	pending queue        // to be looked at, whatever epoll says
	expired func(*timer) // fire, as a value that is made once
	late    bool         // timers have expired that did not fire yet

	alarm alarm
	*buffers

	reads     uint64 // as in counts, which is brought up to date once a turn
	counts    Counts
	tasks     atomic.Int32 // that were given to the loop and are not over
	start     time.Time
	busySince atomic.Int64 // ns since start at which a task was turned to; 0: none is

	mu     sync.Mutex
	called bool  // the loop is to be run, or runs
	inbox  queue // woken
	told   queue // of whose connections epoll has told
	rung   bool  // so has its alarm
	closed bool  // nothing is woken any more
}

// newLoop makes a loop. The error says what the system refused.
func newLoop(t *team, number int32) (*loop, error) {
	l := &loop{team: t, number: number, wheel: newWheel(t.clock.start), start: t.clock.start}
	l.counts.Loop = int(number) + 1
	l.expired = func(t *timer) { l.fire(t.source) }
	if err := l.alarm.open(&t.sets.alarms, label{loop: number, index: alarmIndex}); err != nil {
		return nil, err
	}
	return l, nil
}

// run takes a turn. A task that panics ends the program; one that ends its goroutine
// ends all tasks of the loop, which must not stay dead in silence.
func (l *loop) run(b *buffers) {
	l.buffers = b
	over := false
	defer func() {
		if !over {
			l.endAll()
		}
	}()
	more := l.turn()
	over = true
	if more {
		l.team.call(l, false)
	}
}

// turn serves what there is, and reports whether there is more.
func (l *loop) turn() (more bool) {
	l.mu.Lock()
	told, inbox, rung := l.takeTold(), l.takeInbox(), l.rung
	l.rung = false
	l.mu.Unlock()

	for _, s := range told {
		s.event()
	}
	l.told.giveBack(told)
	l.takePending()
	for _, s := range inbox {
		s.wakeUp()
	}
	l.inbox.giveBack(inbox)
	if rung {
		l.alarm.at = 0
	}
	if rung || l.late {
		l.late = l.wheel.expire(time.Now(), batch, l.expired)
	}
	if l.wheel.changed && !l.late {
		l.alarm.arm(&l.team.clock, l.wheel.next())
	}
	l.counts.Reads.Store(l.reads)
	l.end()

	l.mu.Lock()
	defer l.mu.Unlock()
	more = len(l.told.list)+len(l.inbox.list)+len(l.pending.list) > 0 || l.rung || l.late
	l.called = more
	return more
}

// tell takes what epoll tells of a descriptor. It tells it once (see readable): what
// is to be done about it is done in the next turn.
func (l *loop) tell(of label, events uint32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if of.index == alarmIndex {
		l.rung = true
		l.call(false)
		return
	}
	s := l.sources[of.index]
	if s == nil || s.gen != of.generation {
		return // of a connection that is gone
	}
	if s.told == 0 {
		l.told.add(s)
	}
	s.told |= events
	l.call(false)
}

// takeTold takes connections of which epoll has told. mu is held.
func (l *loop) takeTold() []*source {
	told := l.told.take()
	for _, s := range told {
		s.news |= s.told // it may be there twice: see listen
		s.told = 0
	}
	return told
}

// takeInbox takes sources that were woken. mu is held.
func (l *loop) takeInbox() []*source {
	inbox := l.inbox.take()
	for _, s := range inbox {
		s.woken = false
		l.admit(s) // all, before any is called: endAll must know them
	}
	return inbox
}

// queue has a source looked at soon: it may have bytes of which epoll does not
// tell.
func (l *loop) queue(s *source) {
	if !s.queued {
		s.queued = true
		l.pending.add(s)
	}
}

// takePending looks once at sources that were queued.
func (l *loop) takePending() {
	pending := l.pending.take()
	for _, s := range pending {
		s.queued = false
		s.look(l.begin(), false)
	}
	l.pending.giveBack(pending)
}

// fire advances a task whose time has come, after a look at its connection: a
// proof of life may lie unread there.
func (l *loop) fire(s *source) {
	now := l.begin()
	if !s.look(now, true) {
		s.advance(now, !s.held)
	}
}

// add puts a task into the loop, which calls it soon. It reports false if the
// loop has ended.
func (l *loop) add(s *source) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	s.started = true
	l.post(s)
	return true
}

// wake has a source's task advanced soon.
func (l *loop) wake(s *source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.started && !l.closed {
		l.post(s)
	}
}

// post puts a source into the inbox. mu is held.
func (l *loop) post(s *source) {
	if !s.woken {
		s.woken = true
		l.inbox.add(s)
		l.call(true)
	}
}

// call has the loop run soon, unless it is to already; help says that a follower may
// have to do it. mu is held.
func (l *loop) call(help bool) {
	if !l.called {
		l.called = true
		l.counts.Wakes.Add(1)
		l.team.call(l, help)
	}
}

// shut has the loop take no tasks any more.
func (l *loop) shut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
}

// endAll ends the tasks that are left when a callback has ended the goroutine.
func (l *loop) endAll() {
	l.end()
	l.mu.Lock()
	l.closed = true
	inbox := l.inbox.list
	l.inbox.list = nil
	l.mu.Unlock()
	for _, s := range inbox {
		s.end()
	}
	for _, s := range l.sources {
		if s != nil {
			s.end()
		}
	}
}

// begin returns the time for the calls of a task, and notes that the loop is at
// work on them; end notes that it is not any more.
func (l *loop) begin() time.Time {
	now := time.Now()
	l.busySince.Store(max(1, int64(now.Sub(l.start))))
	return now
}

func (l *loop) end() { l.busySince.Store(0) }

// busyFor returns for how long the loop has been at work on one call; 0: it is not.
func (l *loop) busyFor(now time.Time) time.Duration {
	since := l.busySince.Load()
	if since == 0 {
		return 0
	}
	return now.Sub(l.start) - time.Duration(since)
}

// admit gives a source an index, if it has none, for as long as its task lives. mu is
// held.
func (l *loop) admit(s *source) {
	if s.index >= 0 || s.ended {
		return
	}
	if n := len(l.free); n > 0 {
		s.index = l.free[n-1]
		l.free = l.free[:n-1]
		l.sources[s.index] = s
		return
	}
	s.index = int32(len(l.sources))
	l.sources = append(l.sources, s)
}

// dismiss takes the index back.
func (l *loop) dismiss(s *source) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sources[s.index] = nil
	l.free = append(l.free, s.index)
}

// nextGeneration returns what tells a source's next connection from those before it,
// and from those that it may share a descriptor's number with.
func (l *loop) nextGeneration() int32 {
	l.gen = l.gen%maxGeneration + 1
	return l.gen
}
