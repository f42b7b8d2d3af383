package identify

import (
	"fmt"
	"time"
)

// Budget is what is known of the identifies that Discord allows in 24 hours, over
// all shards of the bot (Discord: "Session Start Limit Object"). The zero value
// means that nothing is known.
type Budget struct {
	Total     int       // in 24 hours
	Remaining int       // of these
	ResetAt   time.Time // when Remaining becomes Total again
	Reserve   int       // of Remaining, never spent: see Config.IdentifyReserve
}

// BudgetError says that an identify is refused, so that the last ones of the day
// are not spent: going over the limit ends every session of the bot and resets its
// token. It is the cause of a state change, and in the log; the shard waits
// without a connection, and tries again by itself.
type BudgetError struct {
	Budget
	Until time.Time // when identifies are possible again
}

// Error says until when.
func (e *BudgetError) Error() string {
	return fmt.Sprintf("engine: no identify before %s: %d of %d are left, and %d are kept in reserve (Config.IdentifyReserve)",
		e.Until.Format(time.RFC3339), e.Remaining, e.Total, e.Reserve)
}

// ShardBudgetError says that the identify of one shard is put off, so that the shard
// does not spend those of the whole bot. It is the cause of a state change, and in
// the log and in engine.View.Waits; the shard waits without a connection, and tries again
// by itself.
type ShardBudgetError struct {
	Shard  int       // the shard's id
	Failed int       // identifies in a row after which no session lived
	Spent  int       // identifies in the last hour
	Share  int       // of the day's identifies, that the shard may spend in an hour
	Until  time.Time // when the shard identifies again
}

// Error says why, and until when.
func (e *ShardBudgetError) Error() string {
	until := e.Until.Format(time.RFC3339)
	if e.Spent >= e.Share {
		return fmt.Sprintf("engine: no identify of shard %d before %s: it sent %d within an hour, its share of the bot's identifies",
			e.Shard, until, e.Spent)
	}
	return fmt.Sprintf("engine: no identify of shard %d before %s: after %d in a row no session lived, and the bot's identifies must last for all shards; Shard.Restart does not wait",
		e.Shard, until, e.Failed)
}
