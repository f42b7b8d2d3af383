package engine

import (
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/session"
)

// adopt takes over a session before the first dial, so that the first connection
// resumes it. It may come from anywhere (a file, a user), so it is trusted no more
// than READY: its URL is used only if READY's would be.
func (c *core) adopt(s session.Session) error {
	if err := checkSession(s, c.config.Token); err != nil {
		return err
	}
	c.session = sessionState{Session: s}
	if s.ResumeURL != "" {
		c.checkResumeURL()
	}
	return nil
}

// dialURL returns where the next connection goes to, with the query.
func (c *core) dialURL() string {
	base := c.firstURL
	if c.viaResumeURL() {
		base = c.session.ResumeURL
	}
	return withQuery(base, c.config.Compression)
}

// viaResumeURL reports whether the next connection goes to resume_gateway_url.
func (c *core) viaResumeURL() bool {
	s := &c.session
	return !c.config.IgnoreResumeURL && s.resumable() && s.ResumeURL != "" && s.urlFailures < resumeURLTries
}

// checkResumeURL forgets a resume_gateway_url that must not be used.
func (c *core) checkResumeURL() {
	cause := "it holds the token" // and would be saved and shown
	switch {
	case c.config.Token.in(c.session.ResumeURL):
	case c.config.IgnoreResumeURL:
		return // it is not used, but who takes the session over may
	default:
		cause = refusedResumeURL(c.session.ResumeURL, c.firstURL, c.config.AllowedHosts)
	}
	if cause == "" {
		return
	}
	c.config.Logger.Warn("resume_gateway_url is not used; resumes go to the first URL",
		"shard", c.id, "url", transport.ShowURL(c.session.ResumeURL), "cause", cause)
	c.session.ResumeURL = ""
}
