package core

import (
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// connect dials, unless the shard would have to identify and may not: then it
// waits without a connection, which could be for hours.
func (c *Core) connect(now time.Time) {
	if !c.session.resumable() {
		if refused := c.refusedToAll(now); refused != nil {
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
	c.Wish.Dial = c.dialURL()
}

// refusedToAll says why no shard may identify now. It is nil if shards may.
func (c *Core) refusedToAll(now time.Time) *identify.BudgetError {
	if c.budget == nil {
		return nil
	}
	return c.budget.Refuses(now)
}

// budgetSpread is over how long the shards that waited for a new budget come back.
const budgetSpread = 5 * time.Second

// awaitBudget stays Disconnected until there is a new budget. That is no failure.
func (c *Core) awaitBudget(now time.Time, refused *identify.BudgetError) {
	c.redial.at = refused.Until.Add(time.Duration(c.random() * float64(budgetSpread)))
	c.redial.waits = refused
	c.setState(now, lifecycle.Disconnected, 0, refused)
}

// refusedAlone says why this shard, whatever the others may do, must not identify at
// a time. It is nil if it may, or would resume.
func (c *Core) refusedAlone(at time.Time) *identify.ShardBudgetError {
	if c.session.resumable() || c.budget == nil {
		return nil
	}
	return c.spending.refuses(at, c.id, share(c.budget.Total()))
}

// putOff has the next connection wait until the shard may identify. That is no
// failure.
func (c *Core) putOff(now time.Time, why *identify.ShardBudgetError) {
	c.redial.at, c.redial.waits = why.Until, why
	c.config.Logger.Warn("an identify is put off", "shard", c.id, "cause", why,
		"in", why.Until.Sub(now).Round(time.Millisecond))
}

// Adopt takes over a session before the first dial, so that the first connection
// resumes it. It may come from anywhere (a file, a user), so it is trusted no more
// than READY: its URL is used only if READY's would be.
func (c *Core) Adopt(s session.Session) error {
	if err := CheckSession(s, c.config.Token); err != nil {
		return err
	}
	c.session = sessionState{Session: s}
	if s.ResumeURL != "" {
		c.checkResumeURL()
	}
	return nil
}

// dialURL returns where the next connection goes to, with the query.
func (c *Core) dialURL() string {
	base := c.config.URL
	if c.viaResumeURL() {
		base = c.session.ResumeURL
	}
	return withQuery(base, c.config.Compress)
}

// viaResumeURL reports whether the next connection goes to resume_gateway_url.
func (c *Core) viaResumeURL() bool {
	s := &c.session
	return !c.config.IgnoreResumeURL && s.resumable() && s.ResumeURL != "" && s.urlFailures < resumeURLTries
}

// checkResumeURL forgets a resume_gateway_url that must not be used.
func (c *Core) checkResumeURL() {
	cause := "it holds the token" // and would be saved and shown
	switch {
	case c.config.Token.In(c.session.ResumeURL):
	case c.config.IgnoreResumeURL:
		return // it is not used, but who takes the session over may
	default:
		cause = refusedResumeURL(c.session.ResumeURL, c.config.URL, c.config.AllowedHosts)
	}
	if cause == "" {
		return
	}
	c.config.Logger.Warn("resume_gateway_url is not used; resumes go to the first URL",
		"shard", c.id, "url", secret.ShowURL(c.session.ResumeURL), "cause", cause)
	c.session.ResumeURL = ""
}
