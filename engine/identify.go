package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/internal/transport"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// This file is how an engine shares out identifies.

// Budget returns what is known of the identifies that are left. It comes from the
// API, is counted down with each identify that this engine sends, and is kept in
// Config.Sessions. What other processes spend shows when the API is asked again,
// which is when the engine starts and when the budget is reset.
func (e *Engine) Budget() identify.Budget { return e.budget.Known(time.Now()) }

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
	if !e.unlimited() {
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
