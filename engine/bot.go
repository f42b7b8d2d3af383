package engine

import (
	"cmp"
	"context"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/transport"
)

// GatewayBot is what Get Gateway Bot answers (Discord: "Get Gateway Bot").
type GatewayBot struct {
	URL    string          // of the gateway, checked
	Shards int             // that Discord recommends
	Limits identify.Limits // of identifies
}

// GatewayBot asks the API once, whether Run runs or not. What it answers changes nothing
// in the engine, but for what it says of identifies, which [Engine.Budget] learns. The
// error is an [*APIError] where the API refused. It never holds the token.
func (e *Engine) GatewayBot(ctx context.Context) (GatewayBot, error) {
	bot, err := e.newAPI().GatewayBot(ctx)
	if err != nil {
		return GatewayBot{}, e.config.Token.secret().RedactError(err)
	}
	e.limit(bot)
	return GatewayBot{URL: bot.URL, Shards: bot.Shards, Limits: limitsOf(bot)}, nil
}

// newAPI returns a client of the API that Config names.
func (e *Engine) newAPI() *transport.API {
	c := &e.config
	return transport.NewAPI(cmp.Or(c.APIURL, defaultAPIURL), c.Token.secret(), c.TLS, e.dialer,
		"DiscordBot ("+projectURL+", "+Version+")",
		func(status int, retryAfter time.Duration) error { return &APIError{status, retryAfter} })
}

func limitsOf(bot *transport.GatewayBot) identify.Limits {
	l := &bot.Limit
	return identify.Limits{Total: l.Total, Remaining: l.Remaining, ResetAfter: bot.ResetIn(), MaxConcurrency: l.MaxConcurrency}
}

// ledger is an [identify.Ledger] as a core sees it.
type ledger struct{ identify.Ledger }

// Refuses implements core.Budget.
func (l ledger) Refuses(now time.Time) *identify.BudgetError {
	b := l.Budget()
	if b.Total == 0 || b.Remaining > b.Reserve || !now.Before(b.ResetAt) {
		return nil
	}
	return &identify.BudgetError{Budget: b, Until: b.ResetAt}
}

// Total implements core.Budget.
func (l ledger) Total() int { return l.Budget().Total }

// counts returns what shards ask how many identifies are left; nil: nothing is counted.
func (e *Engine) counts() core.Budget {
	if l, ok := e.queue.(identify.Ledger); ok {
		return ledger{l}
	}
	if e.unlimited() {
		return nil
	}
	return e.budget
}
