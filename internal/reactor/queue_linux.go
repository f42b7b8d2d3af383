//go:build !portable

package reactor

// batch is how much of anything is served at a time, so that a flood of it starves
// nothing else.
const batch = 64

// queue is a list of sources that fills while what it held before is worked off.
type queue struct{ list, spare []*source }

func (q *queue) add(s *source) { q.list = append(q.list, s) }

// take removes the first sources, a batch at most, and returns them. They are given
// back when they are worked off.
func (q *queue) take() (list []*source) {
	n := min(len(q.list), batch)
	list, q.list = q.list[:n], append(q.spare, q.list[n:]...)
	q.spare = nil
	return list
}

// giveBack makes what was taken memory for the next time. Unlike add and take, which
// others may call under a lock, it is for whoever takes alone.
func (q *queue) giveBack(list []*source) {
	clear(list)
	q.spare = list[:0]
}
