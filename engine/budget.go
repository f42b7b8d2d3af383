package engine

import "time"

// Budget is what is known of the identifies that Discord allows in 24 hours, over
// all shards of the bot (Discord: "Session Start Limit Object"). The zero value
// means that nothing is known.
type Budget struct {
	Total     int       // in 24 hours
	Remaining int       // of these
	ResetAt   time.Time // when Remaining becomes Total again
	Reserve   int       // of Remaining, never spent: see Config.IdentifyReserve
}
