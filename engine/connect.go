package engine

import (
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// connect dials, unless the shard would have to identify and may not: then it
// waits without a connection, which could be for hours.
func (c *core) connect(now time.Time) {
	if !c.session.resumable() {
		if refused := c.budget.refuses(now); refused != nil {
			c.awaitBudget(now, refused)
			return
		}
	}
	if why := c.refusedAlone(now); why != nil {
		c.putOff(now, why)
		c.setState(now, lifecycle.Disconnected, 0, why)
		return
	}
	if c.session.alive.IsZero() {
		c.session.alive = now // an adopted one: nothing else is known of it
	}
	c.redial.attempts++
	c.setState(now, lifecycle.Connecting, 0, nil)
	c.wish.dial = c.dialURL()
}

// awaitBudget stays Disconnected until there is a new budget. That is no failure.
func (c *core) awaitBudget(now time.Time, refused *identify.BudgetError) {
	c.redial.at = refused.Until.Add(time.Duration(c.random() * float64(budgetSpread)))
	c.redial.waits = refused
	c.setState(now, lifecycle.Disconnected, 0, refused)
}

// refusedAlone says why this shard, whatever the others may do, must not identify at
// a time. It is nil if it may, or would resume.
func (c *core) refusedAlone(at time.Time) *identify.ShardBudgetError {
	if c.session.resumable() {
		return nil
	}
	return c.spending.refuses(at, c.id, c.budget.share())
}

// putOff has the next connection wait until the shard may identify. That is no
// failure.
func (c *core) putOff(now time.Time, why *identify.ShardBudgetError) {
	c.redial.at, c.redial.waits = why.Until, why
	c.config.Logger.Warn("an identify is put off", "shard", c.id, "cause", why,
		"in", why.Until.Sub(now).Round(time.Millisecond))
}
