package engine

import (
	"runtime/debug"
	"time"
)

const (
	// stormSize is how many connections that became ready are a storm. Each leaves
	// some 75 KB of garbage, most of it crypto/tls's, and its guilds leave more.
	stormSize = 64

	// stormCalm is how long after the last of them a storm is over.
	stormCalm = 5 * time.Second

	// tidyEvery is how often it is tidied up, at most: a collection costs what the
	// whole process keeps on its heap.
	tidyEvery = 10 * time.Minute
)

// tidy has the memory that storms leave returned to the system. Without it the
// process keeps twice of what its shards hold: in steady traffic nothing is
// allocated, so that the next collection may be days away.
type tidy struct {
	seen uint64    // connections that became ready
	last time.Time // when seen last changed
	done uint64    // seen, when it was last tidied up
	at   time.Time // when that was; zero: never
}

// due reports whether to tidy up now, when so many connections became ready.
func (t *tidy) due(now time.Time, ready uint64) bool {
	if ready != t.seen {
		t.seen, t.last = ready, now
		return false
	}
	if t.seen-t.done < stormSize || now.Sub(t.last) < stormCalm || !t.at.IsZero() && now.Sub(t.at) < tidyEvery {
		return false
	}
	t.done, t.at = t.seen, now
	return true
}

// tidyUp returns memory to the system if a storm is over. It does not wait.
func (e *Engine) tidyUp(t *tidy, now time.Time) {
	if !e.config.KeepMemory && t.due(now, e.readied.Load()) {
		e.workers.Go(freeMemory)
	}
}

// freeMemory collects garbage and returns what is free to the system.
var freeMemory = debug.FreeOSMemory
