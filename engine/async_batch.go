package engine

// put queues a copy of an event for a callback. Any goroutine may call it.
func (b *backlog) put(a *async, ev *Event) {
	e := spareEvent()
	e.hold(ev)
	if q := b.push(&batch{a, chainOf(e)}); q != nil {
		go q.work()
	}
}

// collect keeps a copy of an event for a stream, until tell queues it. It is the loop's alone to call.
func (b *backlog) collect(a *async, ev *Event) {
	batch := b.batch(a)
	e := b.spareEvent()
	e.hold(ev)
	batch.add(chain{first: e, last: e, count: 1})
	if batch.count >= a.most() {
		b.tell()
	}
}

// batch is some events for one callback, or one stream.
type batch struct {
	async *async
	chain
}

// shorten drops all but the first n, and returns how many that were.
func (t *batch) shorten(n int) (dropped uint64) {
	kept := t.split(n)
	dropped = uint64(t.count)
	keepSpare(t.first)
	t.chain = kept
	return dropped
}

// batch returns a callback's.
func (b *backlog) batch(a *async) *batch {
	for i := range b.turn {
		if b.turn[i].async == a {
			return &b.turn[i]
		}
	}
	b.turn = append(b.turn, batch{async: a})
	return &b.turn[len(b.turn)-1]
}

// tell queues what the turn has brought for streams until now, so that who takes it is woken once. It comes before the
// session's sequence is published, which would else count what unseen does not see.
func (o *backlogOf) tell() {
	if b := o.p.Load(); b != nil && len(b.turn) > 0 {
		b.tell()
	}
}

func (b *backlog) tell() {
	for i := range b.turn {
		t := &b.turn[i]
		if q := b.push(t); q != nil {
			t.async.stream.ready(q)
		}
		*t = batch{}
	}
	b.turn = b.turn[:0]
	b.rest()
}

// push queues a batch, and returns the queue if it was made for it: else somebody is at it.
func (b *backlog) push(t *batch) *asyncQueue {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ended {
		b.dropped += uint64(t.count)
		keepSpare(t.first)
		return nil
	}
	q, fresh := b.queue(t.async)
	options := &t.async.options
	if options.Policy == DropNewest {
		b.dropped += t.shorten(options.Queue - q.count)
	}
	q.add(t.chain)
	for ; options.Policy == DropOldest && q.count > options.Queue; b.dropped++ {
		keepSpare(q.pop())
	}
	b.highest = max(b.highest, q.count)
	if options.Policy == Block && !q.full && q.count >= options.Queue {
		q.full = true
		b.full.Add(1)
	}
	if !fresh {
		return nil
	}
	return q
}
