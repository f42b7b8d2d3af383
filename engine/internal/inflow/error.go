package inflow

// CorruptError is damage in what the gateway sent: bad compression, a bad
// envelope, a payload over the limit, a hello that makes no sense.
type CorruptError struct {
	What string
	Err  error
}

// Error says what is damaged, and why if that is known.
func (e *CorruptError) Error() string {
	if e.Err == nil {
		return e.What
	}
	return e.What + ": " + e.Err.Error()
}

// Unwrap returns why, nil if that is not known.
func (e *CorruptError) Unwrap() error { return e.Err }
