package engine

import (
	"errors"
	"fmt"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// This file is what an engine does whose number of shards is left to Discord, when
// the gateway does not take that number any more: the bot has grown, or the saved
// sessions are of a number from before. A bot that nobody watches must go on.

// refusal is how far the replacement of shards that the gateway refuses has come.
// The engine's mutex guards it.
type refusal struct {
	underway   bool
	failed     error // why refused shards end Run all the same
	resharding int   // calls of Reshard under way, the user's too
}

// replaceRefused takes the news that a shard may have stopped for good. It reports
// whether Run goes on: none has, or all that have are refused for their number, and are
// being replaced.
func (e *Engine) replaceRefused() (running bool) {
	chosen := e.config.Shards != (Shards{}) || e.api == nil // by the user
	e.mu.Lock()
	defer e.mu.Unlock()
	total, stopped, mixed, trial := 0, false, false, false
	for _, s := range e.fleet.shards {
		switch {
		case s.trial: // also of a Reshard that was called off, until it is closed
			trial = true
			continue
		case s.ended && !refusedForNumber(s.stop):
			return false
		}
		mixed = mixed || total != 0 && s.total != total
		total, stopped = s.total, stopped || s.ended
	}
	switch r := &e.refused; {
	case !stopped:
		return true
	case chosen:
		return false
	case trial, r.underway, r.resharding > 0:
		return true
	case r.failed != nil, mixed: // the user has added shards of another total, and knows what is meant
		return false
	}
	e.refused.underway = true
	e.work(func() { e.replace(total) })
	return true
}

// reshards notes that a call of Reshard begins. done says that it has ended: Run looks
// whether refused shards are left.
func (e *Engine) reshards() (done func()) {
	count := func(n int) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.refused.resharding += n
	}
	count(1)
	return func() {
		count(-1)
		e.lookAgain()
	}
}

// lookAgain has Run look at shards that have stopped.
func (e *Engine) lookAgain() {
	select {
	case e.stopped <- struct{}{}:
	default: // it is about to
	}
}

// refusedForNumber reports whether a shard was stopped by close code 4010 or 4011.
func refusedForNumber(stop error) bool {
	var why *lifecycle.StopError
	return errors.As(stop, &why) && (why.Code == gateway.CloseInvalidShard || why.Code == gateway.CloseShardingRequired)
}

// replace asks Discord for the number of shards, and reshards to it.
func (e *Engine) replace(refused int) {
	total, err := e.recommended(e.background)
	switch {
	case err != nil:
	case total == refused:
		err = fmt.Errorf("engine: the gateway refuses %d shards, and Discord recommends no other number", total)
	default:
		e.config.Logger.Warn("the gateway refuses this number of shards; resharding to what Discord recommends",
			"refused", refused, "recommended", total)
		err = e.Reshard(e.background, Shards{Total: total})
	}
	e.mu.Lock()
	e.refused.underway, e.refused.failed = false, err
	e.mu.Unlock()
	if err != nil {
		e.config.Logger.Error("shards that the gateway refuses could not be replaced", "cause", err)
	}
	e.lookAgain() // others may have stopped meanwhile
}
