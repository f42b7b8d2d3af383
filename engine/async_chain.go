package engine

// chain is copies of events in a row, linked by their next.
type chain struct {
	first, last *queuedEvent
	count       int
}

// chainOf returns the chain that begins with an event; nil: an empty one.
func chainOf(first *queuedEvent) (c chain) {
	c.first = first
	for e := first; e != nil; e = e.next {
		c.last = e
		c.count++
	}
	return c
}

// add puts another chain behind this one.
func (c *chain) add(o chain) {
	switch {
	case o.count == 0:
		return
	case c.count == 0:
		*c = o
		return
	}
	c.last.next = o.first
	c.last = o.last
	c.count += o.count
}

// split takes the first n out, or all where there are fewer.
func (c *chain) split(n int) (front chain) {
	switch {
	case n <= 0:
		return chain{}
	case n >= c.count:
		front, *c = *c, chain{}
		return front
	}
	front = chain{first: c.first, last: c.first, count: n}
	for range n - 1 {
		front.last = front.last.next
	}
	c.first, front.last.next = front.last.next, nil
	c.count -= n
	return front
}
