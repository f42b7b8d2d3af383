package engine

import "time"

const (
	// slowCallback is from when on the callbacks of one event are counted as slow.
	slowCallback = 100 * time.Millisecond

	// slowLogPeriod is how often a shard logs that, at most.
	slowLogPeriod = 10 * time.Second
)

// call has the callbacks take ev, and measures them.
func (c *core) call(list *handlerList, ev *Event) {
	began := time.Since(c.clock.start)
	c.handlers.deliver(list, ev)
	ended := time.Since(c.clock.start)
	took := ended - began
	c.counter.inCallbacks += took
	if took > c.counter.longest {
		c.counter.longest = took
	}
	if took >= slowCallback {
		c.slow(ev, took, ended)
	}
}

// slow counts a slow callback, and logs it unless one was logged just before.
func (c *core) slow(ev *Event, took, now time.Duration) {
	c.counter.slow++
	clock := &c.clock
	if clock.logged != 0 && now-clock.logged < slowLogPeriod {
		clock.silent++
		return
	}
	c.config.Logger.Warn("a callback held up its shard", "shard", c.id, "event", ev.Name(),
		"took", took.Round(time.Millisecond), "not_logged", clock.silent)
	clock.logged, clock.silent = now, 0
}
