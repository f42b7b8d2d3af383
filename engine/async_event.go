package engine

import "sync"

// queuedEvent is a copy of an event that waits, and memory that the next one finds. Such memory
// goes from who takes to who queues, mostly between two processors, and so in chains.
type queuedEvent struct {
	Event
	next   *queuedEvent
	of     *queuedEvent // which this stands for, in the place of one that is lent; see cut
	memory []byte       // has the bytes, unless they are many
}

// maxMemory is how many bytes a spare event keeps; for more, a buffer is lent by package pool.
const maxMemory = 4 << 10

// spareEvents has chains of events that were taken. They are seldom longer than a quarter of a
// queue.
var spareEvents sync.Pool

// keepSpare keeps the memory of a chain.
func keepSpare(first *queuedEvent) {
	if first == nil {
		return
	}
	for e := first; e != nil; e = e.next {
		e.clear()
	}
	spareEvents.Put(first)
}

// clear ends the loan of the bytes, and keeps the memory and the next one.
func (e *queuedEvent) clear() {
	e.Release()
	*e = queuedEvent{memory: e.memory, next: e.next}
}

// hold makes e a copy of ev.
func (e *queuedEvent) hold(ev *Event) {
	if len(ev.Payload) > maxMemory || len(ev.Data) > maxMemory {
		ev.cloneInto(&e.Event)
		return
	}
	e.memory = ev.copyInto(&e.Event, e.memory[:0])
}

// spareEvent returns an event to hold another.
func spareEvent() *queuedEvent {
	e, _ := spareEvents.Get().(*queuedEvent)
	if e == nil {
		return new(queuedEvent)
	}
	if rest := e.next; rest != nil {
		spareEvents.Put(rest)
		e.next = nil
	}
	return e
}

// spareEvent is the same where the rest of the chain will soon be needed.
func (b *backlog) spareEvent() *queuedEvent {
	if b.spare == nil {
		if b.spare, _ = spareEvents.Get().(*queuedEvent); b.spare == nil {
			return new(queuedEvent)
		}
	}
	e := b.spare
	b.spare, e.next = e.next, nil
	return e
}

// rest keeps no memory for a shard that is silent.
func (b *backlog) rest() {
	if b.spare != nil {
		spareEvents.Put(b.spare) // it was cleared when it was kept
		b.spare = nil
	}
}
