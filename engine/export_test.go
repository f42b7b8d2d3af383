package engine

// WithoutBackoff has every random wait be as short as it can be.
func (e *Engine) WithoutBackoff() { e.random = func() float64 { return 0 } }
