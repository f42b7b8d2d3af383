package gatewaytest

import (
	"container/heap"
	"sync"
	"time"
)

// pacer notifies connections at times that it keeps more finely than a timer of Go's.
type pacer struct {
	alarm *alarm

	mu      sync.Mutex
	waiting waiters
	set     time.Time // what the alarm is set to; zero: it is not
	closed  bool
}

// pace is a connection's place among those that wait. The pacer's mu guards it.
type pace struct {
	at    time.Time
	index int // in waiters, plus 1; 0: it does not wait
}

// startPacer makes a pacer, whose goroutine ends with close. The error says what the system refused.
func startPacer(wg *sync.WaitGroup) (*pacer, error) {
	a, err := newAlarm()
	if err != nil {
		return nil, err
	}
	p := &pacer{alarm: a}
	wg.Go(p.run)
	return p, nil
}

// notify has c notified at a time, and at none that was asked for before.
func (p *pacer) notify(c *conn, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return
	}
	c.pace.at = at
	if c.pace.index == 0 {
		heap.Push(&p.waiting, c)
	} else {
		heap.Fix(&p.waiting, c.pace.index-1)
	}
	p.rearm()
}

// forget takes back what c asked for.
func (p *pacer) forget(c *conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if c.pace.index > 0 {
		heap.Remove(&p.waiting, c.pace.index-1)
	}
}

// run notifies, until the pacer is closed.
func (p *pacer) run() {
	for p.alarm.wait() {
		p.mu.Lock()
		p.set = time.Time{}
		for now := time.Now(); len(p.waiting) > 0 && !p.waiting[0].pace.at.After(now); {
			heap.Pop(&p.waiting).(*conn).notify()
		}
		p.rearm()
		p.mu.Unlock()
	}
}

// rearm sets the alarm to the first time, unless it goes off before that. mu is held.
func (p *pacer) rearm() {
	if p.closed || len(p.waiting) == 0 {
		return
	}
	if first := p.waiting[0].pace.at; p.set.IsZero() || first.Before(p.set) {
		p.set = first
		p.alarm.ring(first)
	}
}

// close ends the goroutine. Nobody is notified any more.
func (p *pacer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		p.closed = true
		p.alarm.close()
	}
}

// waiters are connections that wait, a heap by their times.
type waiters []*conn

func (w waiters) Len() int           { return len(w) }
func (w waiters) Less(i, j int) bool { return w[i].pace.at.Before(w[j].pace.at) }

func (w waiters) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].pace.index, w[j].pace.index = i+1, j+1
}

func (w *waiters) Push(c any) {
	*w = append(*w, c.(*conn))
	c.(*conn).pace.index = len(*w)
}

func (w *waiters) Pop() any {
	last := len(*w) - 1
	c := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	c.pace.index = 0
	return c
}
