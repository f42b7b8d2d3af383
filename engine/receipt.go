package engine

import (
	"sync"
	"sync/atomic"
)

// Postpone has the event count as delivered only when [Receipt.Settle] is called on what
// it returns, and not when its callbacks have returned: when a broker has acknowledged it,
// say. Until then [Shard.Settled], what [Config.Sessions] is given, and so what a restart
// resumes from, are as of the event before.
//
// Call it in the callback, also in one made by [Async], and settle in any order, from any
// goroutine. There is no bound on how many may be open: each takes 40 bytes, and what is
// never settled comes again after a restart. An event without a shard or without a
// sequence needs none; its Receipt does nothing.
func (ev *Event) Postpone() Receipt {
	if ev.Shard == nil || ev.Seq == 0 {
		return Receipt{}
	}
	return ev.Shard.receipts.of().open(ev.Session, ev.Seq)
}

// Receipt settles an event that was postponed. The zero value does nothing.
type Receipt struct {
	book *receiptBook
	n    uint64
}

// Settle has the event count as delivered. A second call does nothing.
func (r Receipt) Settle() {
	if r.book != nil {
		r.book.settle(r.n)
	}
}

// receipts is a shard's place for its receiptBook, which is made when first needed.
type receipts struct{ p atomic.Pointer[receiptBook] }

// of returns the book, which it makes if there is none.
func (r *receipts) of() *receiptBook {
	if b := r.p.Load(); b != nil {
		return b
	}
	r.p.CompareAndSwap(nil, new(receiptBook))
	return r.p.Load()
}

// receiptBook has the events of a shard that count later, in the order in which they were
// postponed. Those in front that are settled are taken off.
type receiptBook struct {
	mu    sync.Mutex
	list  []postponed
	head  int    // of list: where the first lies that is not settled
	taken uint64 // how many lay in front of list[0]
}

type postponed struct {
	session string
	seq     int64
	settled bool
}

func (b *receiptBook) open(session string, seq int64) Receipt {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.list) == cap(b.list) && b.head > len(b.list)/2 {
		kept := copy(b.list, b.list[b.head:])
		clear(b.list[kept:])
		b.taken += uint64(b.head)
		b.list, b.head = b.list[:kept], 0
	}
	b.list = append(b.list, postponed{session: session, seq: seq})
	return Receipt{b, b.taken + uint64(len(b.list)-1)}
}

func (b *receiptBook) settle(n uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if n < b.taken+uint64(b.head) {
		return // it was settled before
	}
	b.list[n-b.taken].settled = true
	for b.head < len(b.list) && b.list[b.head].settled {
		b.list[b.head] = postponed{}
		b.head++
	}
	if b.head == len(b.list) {
		b.taken += uint64(b.head)
		b.list, b.head = b.list[:0], 0
	}
}

// unsettled returns the lowest sequence of a session that does not count yet; 0: all do.
func (r *receipts) unsettled(session string) (seq int64) {
	b := r.p.Load()
	if b == nil {
		return 0
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.list[b.head:] {
		if p := &b.list[b.head+i]; !p.settled && p.session == session && (seq == 0 || p.seq < seq) {
			seq = p.seq
		}
	}
	return seq
}
