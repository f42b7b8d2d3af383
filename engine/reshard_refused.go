package engine

import (
	"errors"
	"fmt"

	"github.com/sluice-go/sluice/gateway"
)

// This file is what an engine does whose number of shards is left to Discord, when
// the gateway does not take that number any more: the bot has grown, or the saved
// sessions are of a number from before. A bot that nobody watches must go on.

// refusal is how far the replacement of shards that the gateway refuses has come.
// The engine's mutex guards it.
type refusal struct {
	underway bool
	failed   error // why refused shards end Run all the same
}

// replaceRefused takes the news that a shard has stopped for good. It reports whether
// Run goes on: all that have stopped are refused for their number, and are being
// replaced.
func (e *Engine) replaceRefused() (running bool) {
	if e.config.Shards != (Shards{}) || e.rest == nil {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	total, stopped := 0, false
	for _, s := range e.fleet.shards {
		switch {
		case s.trial:
			continue
		case total != 0 && s.total != total:
			return false // the user has added shards of another total, and knows what is meant
		case s.ended && !refusedForNumber(s.stop):
			return false
		}
		total, stopped = s.total, stopped || s.ended
	}
	switch {
	case e.refused.failed != nil:
		return false
	case stopped && !e.refused.underway:
		e.refused.underway = true
		e.work(func() { e.replace(total) })
	}
	return true
}

// refusedForNumber reports whether a shard was stopped by close code 4010 or 4011.
func refusedForNumber(stop error) bool {
	var why *StopError
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
	select {
	case e.stopped <- struct{}{}: // Run looks again: others may have stopped meanwhile
	default:
	}
}
