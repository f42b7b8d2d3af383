package limit

import (
	"sync"
	"time"
)

// MembersPeriod is how often all members of one guild may be asked for (Discord:
// "Gateway Events", heading "Request Guild Members"), with a margin for the
// network.
const MembersPeriod = 30*time.Second + 250*time.Millisecond

// Guilds keeps when each guild's members may be asked for again. Times that
// have passed are dropped, so it holds no more guilds than were asked for in a
// period, and those that a RATE_LIMITED named.
type Guilds struct {
	mu    sync.Mutex
	until map[uint64]time.Time
	sweep int // at this size, look for times that have passed
}

// Take counts a request that is sent now and returns now; if it is not allowed
// yet, it returns when it is.
func (g *Guilds) Take(guild uint64, now time.Time) time.Time {
	g.mu.Lock()
	defer g.mu.Unlock()
	if until := g.until[guild]; until.After(now) {
		return until
	}
	g.set(guild, now.Add(MembersPeriod), now)
	return now
}

// Hold takes the gateway's word for when the next request is allowed.
func (g *Guilds) Hold(guild uint64, until, now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.set(guild, until, now)
}

func (g *Guilds) set(guild uint64, until, now time.Time) {
	if len(g.until) >= g.sweep {
		for guild, until := range g.until {
			if !until.After(now) {
				delete(g.until, guild)
			}
		}
		g.sweep = max(64, 2*len(g.until))
	}
	if g.until == nil {
		g.until = make(map[uint64]time.Time)
	}
	g.until[guild] = until
}
