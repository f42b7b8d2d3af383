package engine

import "fmt"

// gapError says that the gateway skipped sequences.
type gapError struct{ from, to int64 }

func (e *gapError) length() int64 { return e.to - e.from + 1 }

// Error names the sequences.
func (e *gapError) Error() string {
	if e.from == e.to {
		return fmt.Sprintf("the gateway skipped sequence %d", e.from)
	}
	return fmt.Sprintf("the gateway skipped sequences %d to %d", e.from, e.to)
}

// isGap reports whether a connection ended so that a resume fills a gap.
func isGap(cause error) bool {
	_, ok := cause.(*gapError)
	return ok
}

// ledger is what a session knows of its sequence beside the last one.
type ledger struct {
	// doubted is the sequence that the session was resumed for because the next
	// event had another; 0: none. Each is resumed for once.
	doubted int64

	repeats   int   // in a row on live connections,
	repeatsAt int64 // behind this sequence

	// What resumes have brought since the session was last live.
	missedFrom int64 // the first sequence that was asked for, 0: nothing was
	replayed   int
}
