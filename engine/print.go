package engine

import (
	"fmt"
	"log/slog"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// This file is how an engine and its shards show themselves: fmt, which would
// otherwise print their fields, and log/slog call these methods.

// String returns how many shards the engine has, and how many are ready.
func (e *Engine) String() string {
	shards, ready := e.readiness()
	return fmt.Sprintf("engine with %d of %d shards ready", ready, shards)
}

// Format implements [fmt.Formatter]: all verbs print what String returns.
func (e *Engine) Format(s fmt.State, verb rune) {
	text := e.String()
	formatAs(s, verb, text, "&engine.Engine{"+text+"}")
}

// LogValue implements [slog.LogValuer].
func (e *Engine) LogValue() slog.Value {
	shards, ready := e.readiness()
	return slog.GroupValue(slog.Int("shards", shards), slog.Int("ready", ready))
}

// readiness counts the shards.
func (e *Engine) readiness() (shards, ready int) {
	for s := range e.Shards() {
		shards++
		if s.State() == lifecycle.Ready {
			ready++
		}
	}
	return shards, ready
}

// Format implements [fmt.Formatter]: all verbs print what String returns.
func (s *Shard) Format(f fmt.State, verb rune) {
	formatAs(f, verb, s.String(), "&engine.Shard{"+s.String()+"}")
}

// LogValue implements [slog.LogValuer].
func (s *Shard) LogValue() slog.Value { return slog.StringValue(s.String()) }
