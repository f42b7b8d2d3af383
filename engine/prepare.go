package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// This file is what Run learns before it starts shards, and again while they run: the
// gateway's URL, saved sessions, how many identifies are left.

// Budget returns what is known of the identifies that are left. It comes from the
// API, is counted down with each identify that this engine sends, and is kept in
// Config.Sessions. What other processes spend shows when the API is asked again,
// which is when the engine starts and when the budget is reset.
// An [identify.Ledger] is asked instead.
func (e *Engine) Budget() identify.Budget {
	if l, ok := e.queue.(identify.Ledger); ok {
		return l.Budget()
	}
	return e.budget.Known(time.Now())
}

// unlimited reports whether no identify is counted, since a proxy sends them.
func (e *Engine) unlimited() bool {
	switch e.queue.(type) {
	case identify.Unlimited, *identify.Unlimited:
		return true
	}
	return false
}

// acquire asks the queue for a permit, and the budget for an identify.
func (e *Engine) acquire(ctx context.Context, shard int) (identify.Permit, error) {
	permit, err := e.calls.acquire(ctx, e.queue, shard)
	if err != nil {
		return nil, err
	}
	if permit == nil {
		return nil, errors.New("it gave neither a permit nor an error")
	}
	if _, counts := e.queue.(identify.Ledger); counts {
		return permit, nil
	}
	return e.budget.Permit(permit)
}

// limit takes what an answer says about identifies.
func (e *Engine) limit(bot *transport.GatewayBot) {
	l := &bot.Limit
	switch queue, ok := e.queue.(interface{ SetMaxConcurrency(int) }); {
	case ok:
		queue.SetMaxConcurrency(l.MaxConcurrency)
	case !e.unlimited():
		e.config.Logger.Info("Config.IdentifyQueue takes no max_concurrency; it has to keep to Discord's by itself",
			"max_concurrency", l.MaxConcurrency)
	}
	switch queue, ok := e.queue.(identify.Ledger); {
	case ok:
		queue.Learn(limitsOf(bot))
	case !e.unlimited():
		e.budget.Learn(time.Now(), l.Total, l.Remaining, bot.ResetIn())
	}
}

// followBudget asks the API whenever the budget has ended, until the engine ends.
func (e *Engine) followBudget() {
	var err error
	for {
		wait := e.budget.AskAgain(time.Now())
		if err != nil {
			wait = budget.Retry
		}
		if await(e.background, nil, max(wait, budget.Slack)) != nil {
			return
		}
		var bot *transport.GatewayBot
		if bot, err = e.discover(e.background); err == nil {
			e.limit(bot)
		} else if e.background.Err() == nil {
			e.config.Logger.Warn("cannot learn the new identify budget; it is taken to be like the last", "cause", err)
		}
	}
}

// discover asks until there is an answer, within ctx and Config.Retries.
func (e *Engine) discover(ctx context.Context) (*transport.GatewayBot, error) {
	for failures := 1; ; failures++ {
		bot, err := e.api.GatewayBot(ctx)
		err = e.config.Token.secret().RedactError(err)
		switch {
		case err == nil:
			return bot, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case errors.Is(err, lifecycle.ErrAuthentication):
			return nil, err
		case e.config.Retries > 0 && failures > e.config.Retries:
			return nil, fmt.Errorf("%w: %w", lifecycle.ErrRetries, err)
		}
		wait := core.Backoff(failures, e.random())
		if api := (*APIError)(nil); errors.As(err, &api) {
			wait = max(wait, api.RetryAfter)
		}
		e.config.Logger.Warn("cannot learn the gateway's URL; trying again",
			"cause", err, "failures", failures, "in", wait.Round(time.Millisecond))
		if err := await(ctx, nil, wait); err != nil {
			return nil, err
		}
	}
}

// loadSessions begins the use of Config.Sessions, if there are any.
func (e *Engine) loadSessions(ctx context.Context) error {
	if e.config.Sessions == nil {
		return nil
	}
	e.saver = saver.New(saver.Config{
		Store: e.config.Sessions, Bot: e.config.Token.Hash(), Logger: e.config.Logger,
		Every: e.config.SaveEvery, Sessions: e.sessions, Budget: e.Budget, Guarded: e.guarded,
	})
	saved, err := e.saver.Load(ctx)
	if err != nil {
		return err
	}
	if saved != nil && !e.unlimited() {
		e.budget.Restore(time.Now(), saved.Budget)
	}
	return nil
}

// sessions appends the sessions that are to be saved: those of the shards of one total,
// that of the oldest that are to stay.
func (e *Engine) sessions(into []session.Saved) (total int, sessions []session.Saved) {
	for _, s := range e.staying() {
		if total == 0 {
			total = s.total
		}
		if s.total != total {
			continue
		}
		if sess := s.Settled(); sess.Keepable() {
			into = append(into, session.Saved{Shard: s.id, Session: sess})
		}
	}
	return total, into
}

// choose goes on with the number of shards that the saved sessions are of, where
// Config leaves it open: whatever Discord recommends now, it keeps these sessions, and
// nobody may be there to see the bot stop. If Discord refuses that number, see
// replaceRefused.
func (e *Engine) choose(shards Shards, recommended int) Shards {
	total := e.saver.Total()
	if shards != (Shards{}) || total == 0 || total == recommended {
		return shards
	}
	e.config.Logger.Warn("Discord recommends another number of shards than the saved sessions are of; "+
		"those go on (Engine.Reshard changes the number without a gap)",
		"recommended", recommended, "saved", total)
	return Shards{Total: total}
}

// prepare learns what Config leaves open: the first URL, the shards, how
// identifies are to be spaced, and what sessions there are.
func (e *Engine) prepare(ctx context.Context) (first string, shards Shards, err error) {
	c := &e.config
	if err := e.loadSessions(ctx); err != nil {
		return "", Shards{}, err
	}
	first, shards = c.GatewayURL, c.Shards
	if first == "" || shards == (Shards{}) && !c.StartEmpty || c.APIURL != "" {
		e.api = e.newAPI()
		bot, err := e.discover(ctx)
		if err != nil {
			return "", Shards{}, err
		}
		if first == "" {
			first = bot.URL
		}
		if !c.StartEmpty {
			shards = e.choose(shards, bot.Shards).resolve(bot.Shards)
		}
		e.limit(bot)
		c.Logger.Info("gateway known", "url", secret.ShowURL(first), "recommended_shards", bot.Shards,
			"identifies_left", bot.Limit.Remaining, "max_concurrency", bot.Limit.MaxConcurrency)
	}
	shards = shards.resolve(0)
	return first, shards, e.saver.Begin(cmp.Or(shards.Total, e.saver.Total()))
}
