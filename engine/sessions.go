package engine

import (
	"context"
	"time"

	"github.com/sluice-go/sluice/engine/internal/saver"
	"github.com/sluice-go/sluice/engine/session"
)

// This file is how an engine uses Config.Sessions.

// loadSessions begins the use, if there are any.
func (e *Engine) loadSessions(ctx context.Context) error {
	if e.config.Sessions == nil {
		return nil
	}
	e.saver = saver.New(saver.Config{
		Store: e.config.Sessions, Bot: e.config.Token.Hash(), Logger: e.config.Logger,
		Sessions: e.sessions, Budget: e.Budget, Guarded: e.guarded,
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
		if sess := s.settledSession(); sess.Keepable() {
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
