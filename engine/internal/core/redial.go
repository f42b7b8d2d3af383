package core

import (
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// redial is when and after how many failures the next connection is made.
type redial struct {
	at       time.Time
	earliest time.Time         // what Discord asks to be waited for, user or not
	waits    error             // why the shard waits for longer than the backoff; nil: it does not
	failures int32             // in a row, since a session last lived
	attempts int32             // connections tried since the shard was last Ready
	cause    error             // why the shard is Closing,
	code     uint16            // and the code that this side sent
	lastCode gateway.CloseCode // of the last connection that ended
	hurry    bool              // the user wants no backoff
}

const (
	backoffBase = time.Second
	backoffCap  = 60 * time.Second

	// proofTime is how long a connection must have been Ready to prove, even without
	// an ACK, that its session lives. What ends before that is a failed attempt:
	// a gateway that drops each connection behind READY or RESUMED would
	// otherwise be dialled in a loop.
	proofTime = 30 * time.Second
)

// Backoff returns how long to wait after so many failures in a row: a random
// part of a ceiling that doubles from base up to cap ("full jitter"), so that a
// fleet that fell together does not come back together. The loss of a connection
// that was ready is no failure yet, and waits half as long as the first.
func Backoff(failures int, random float64) time.Duration {
	ceiling := backoffCap
	switch {
	case failures <= 0:
		ceiling = backoffBase / 2
	case failures <= 6:
		ceiling = min(ceiling, backoffBase<<(failures-1))
	}
	return time.Duration(random * float64(ceiling))
}
