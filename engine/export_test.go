package engine

import "context"

// OverlapUntil has old and new shards run beside each other, when resharding, until
// the function returns.
func (e *Engine) OverlapUntil(f func(context.Context) error) { e.overlap = f }

// WithoutBackoff has every random wait be as short as it can be.
func (e *Engine) WithoutBackoff() { e.random = func() float64 { return 0 } }
