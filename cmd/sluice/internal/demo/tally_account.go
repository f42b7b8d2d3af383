package demo

import (
	"fmt"
	"slices"
	"time"

	"github.com/sluice-go/sluice/gatewaytest"
)

// account is what became of everything that the gateway wrote.
type account struct {
	lost       int64 // events that did not come, in silence
	announced  int64 // events that did not come, and were announced with the right sequence
	duplicates int64 // events that came again
	mistakes   int64 // announcements that were wrong, and sessions that ended without one
	unborn     int64 // sessions of which not even READY came
}

// awaitAll waits until everything that was written has arrived, as long as
// something still does, with pauses of so long at most.
func (t *tally) awaitAll(report *gatewaytest.Report, pause time.Duration) {
	missing, since := t.missing(report), time.Now()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for missing > 0 && time.Since(since) < pause {
		<-tick.C
		if now := t.missing(report); now < missing {
			missing, since = now, time.Now()
		}
	}
}

// missing returns how many events of the report have not arrived, apart from
// those that were jumped over.
func (t *tally) missing(report *gatewaytest.Report) int64 {
	var a account
	t.each(report, a.tail)
	return a.lost
}

// reckon holds what came against the report.
func (t *tally) reckon(report *gatewaytest.Report) account {
	var a account
	t.each(report, func(r *gatewaytest.SessionReport, c *sessionTally) {
		a.tail(r, c)
		if c != nil {
			a.gaps(r, c)
		}
	})
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for _, c := range s.sessions {
			a.lost += c.gone
			a.duplicates += c.duplicates
			a.mistakes += int64(c.mistakes)
		}
		s.mu.Unlock()
	}
	return a
}

// losers names sessions of which events are missing in silence, a few at most.
func (t *tally) losers(report *gatewaytest.Report) (names []string) {
	t.each(report, func(r *gatewaytest.SessionReport, c *sessionTally) {
		var a account
		a.tail(r, c)
		if c == nil {
			c = &sessionTally{}
		}
		if a.lost+c.gone > 0 && len(names) < maxLosers {
			names = append(names, fmt.Sprintf("shard %d, session %s: %d missing up to %d, %d behind it",
				r.Shard, r.ID, c.gone, c.last, a.lost))
		}
	})
	return names
}

// maxLosers is how many sessions an error names.
const maxLosers = 5

// each calls f for each session of the report, with what came of it, or nil.
func (t *tally) each(report *gatewaytest.Report, f func(*gatewaytest.SessionReport, *sessionTally)) {
	for i := range report.Sessions {
		r := &report.Sessions[i]
		if r.Shard >= len(t.shards) {
			f(r, nil)
			continue
		}
		s := &t.shards[r.Shard]
		s.mu.Lock()
		at := slices.IndexFunc(s.sessions, func(c sessionTally) bool { return c.id == r.ID })
		if at < 0 {
			f(r, nil)
		} else {
			f(r, &s.sessions[at])
		}
		s.mu.Unlock()
	}
}

// tail counts what was written behind the last event that came. A session that
// was cut off before READY came, and never asked for again, is not the client's to announce:
// what its shard missed lies behind the loss of the session before.
func (a *account) tail(r *gatewaytest.SessionReport, c *sessionTally) {
	switch {
	case c == nil && !r.Connected && r.Resumes == 0:
		a.unborn++
	case c == nil:
		a.lost += r.LastSeq
	case c.over:
		a.announced += max(0, r.LastSeq-c.last)
	default:
		a.lost += max(0, r.LastSeq-c.last)
	}
}

// gaps counts what was announced as skipped. The gateway must really have done so.
func (a *account) gaps(r *gatewaytest.SessionReport, c *sessionTally) {
	for _, gap := range c.announced {
		for seq := gap.First; seq <= gap.Last; seq++ {
			if !slices.ContainsFunc(r.Skipped, func(s gatewaytest.Span) bool { return s.First <= seq && seq <= s.Last }) {
				a.lost++
			} else {
				a.announced++
			}
		}
	}
}
