package identify

import "time"

// Limits is what Get Gateway Bot answers about identifies (Discord: "Session Start Limit
// Object").
type Limits struct {
	Total          int           // identifies in 24 hours
	Remaining      int           // of these
	ResetAfter     time.Duration // until Remaining becomes Total again
	MaxConcurrency int           // how many may identify within 5 s, each of another key
}

// Ledger is what a [Queue] may implement beside it, to keep the bot's budget for all
// processes that share it. An engine then counts nothing itself, and
// engine.Config.IdentifyReserve has no meaning: Acquire returns a [*BudgetError] where no
// identify is left, or a [*ShardBudgetError], and the shard waits without a connection.
type Ledger interface {
	// Learn takes an answer of Get Gateway Bot, which an engine asks for at its start and
	// whenever the budget is reset. It must not wait.
	Learn(Limits)

	// Budget returns what is known now. A loop may call it, and it must not wait.
	Budget() Budget
}

// Expirer is what a [Permit] may implement that is only lent for a time, as one of a queue
// over several processes may be: the process that holds it could stand still. It is asked
// on the shard's loop, just before the identify is written.
type Expirer interface {
	// Expired reports whether the permit is no longer good: no identify is sent, the
	// permit is released, and the shard asks the queue again.
	Expired() bool
}
