package engine

// corruptError is damage in what the gateway sent: bad compression, a bad
// envelope, a payload over the limit, a hello that makes no sense.
type corruptError struct {
	what string
	err  error
}

func (e *corruptError) Error() string {
	if e.err == nil {
		return e.what
	}
	return e.what + ": " + e.err.Error()
}

func (e *corruptError) Unwrap() error { return e.err }
