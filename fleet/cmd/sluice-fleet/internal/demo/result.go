package demo

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// Result is what came of a scenario.
type Result struct {
	Scenario  string `json:"scenario"`
	NATS      string `json:"nats"`
	Nodes     int    `json:"nodes"`
	Shards    int    `json:"shards"`              // in the end
	Ready     int    `json:"ready"`               // of these, in the end
	Events    int    `json:"events"`              // that callbacks had, each once
	Lost      int    `json:"lost"`                // that the gateway wrote, and callbacks neither had nor were told of
	Announced int    `json:"announced,omitempty"` // that callbacks did not have, and were told of
	Unseen    int    `json:"unseen,omitempty"`    // sessions whose READY no process had before it ended
	Doubled   int    `json:"doubled"`             // that callbacks had more than once

	Identifies int64 `json:"identifies"` // behind those of the start
	Early      int64 `json:"early_identifies"`
	Resumes    int64 `json:"resumes"`

	// LastResumed is from what was done to when the last session was resumed, in seconds; it
	// tells something where one thing is done.
	LastResumed float64 `json:"last_resumed_s"`
	AwayMax     float64 `json:"away_ms_max"` // the longest that a session was without a connection
	Owners      int     `json:"owners_max"`  // processes that delivered events of one session at a time
	ReadyIn     float64 `json:"ready_s"`     // from the end of what was done until all shards were ready
	Seed        uint64  `json:"seed"`

	Published *Published `json:"published,omitempty"`
	Faults    []string   `json:"faults,omitempty"` // of chaos: what was done to processes, and when
	Notes     []string   `json:"notes,omitempty"`
}

// String is what a person reads.
func (r Result) String() string {
	text := fmt.Sprintf(`%s, %d processes, NATS %s
shards ready     %d of %d, %.1f s after the end of it
events           %d, %d lost, %d came twice
identifies       %d more, %d early; %d resumes, the last %.1f s after it began
away             %.0f ms at most
owners           %d at a time
seed             %d`, r.Scenario, r.Nodes, r.NATS, r.Ready, r.Shards, r.ReadyIn, r.Events, r.Lost, r.Doubled,
		r.Identifies, r.Early, r.Resumes, r.LastResumed, r.AwayMax, r.Owners, r.Seed)
	if p := r.Published; p != nil {
		text += fmt.Sprintf("\npublished        %d in the stream, %d missing, %d twice", p.Messages, p.Missing, p.Twice)
	}
	if len(r.Notes) > 0 {
		text += "\n" + strings.Join(r.Notes, "\n")
	}
	return text
}

// count holds what callbacks had against what the gateway wrote. before is the gateway's report
// when all was well, and began when something was done.
func (r *Result) count(before, after *gatewaytest.Report, all map[uint64]*told, began time.Time) {
	r.Identifies = after.Identifies - before.Identifies
	r.Early = after.EarlyIdentifies
	r.Resumes = after.Resumes - before.Resumes
	r.Owners = 1
	for i := range after.Sessions {
		s := &after.Sessions[i]
		t := all[hash(s.ID)]
		if t == nil {
			t = &told{}
		}
		events := t.events
		if len(events) == 0 && !s.Connected {
			// A process was killed or stopped between its identify and READY: nobody knows the
			// session, and its events come with the next one.
			r.Unseen++
			continue
		}
		had := map[int64]int{}
		last := s.LastSeq
		for _, e := range events {
			had[e.seq]++
		}
		if s.Ended && s.Closed == gateway.CloseNormal {
			// What was on its way when the fleet ended the session is had from another total.
			last = 0
			for seq := range had {
				last = max(last, seq)
			}
		}
		for seq := int64(1); seq <= last; seq++ {
			switch {
			case had[seq] > 0:
			case t.announced(seq):
				r.Announced++
			default:
				r.Lost++
				if r.Lost <= 5 {
					r.Notes = append(r.Notes, fmt.Sprintf("shard %d lost %d of %d; ended %v, connected %v, lost %v", s.Shard, seq, last, s.Ended, s.Connected, t.lost))
				}
			}
		}
		for _, n := range had {
			r.Events++
			r.Doubled += n - 1
		}
		if why := twoOwners(events); why != "" {
			r.Owners = 2
			r.Notes = append(r.Notes, fmt.Sprintf("shard %d had 2 owners: %s", s.Shard, why))
		}
		if s.Resumed.After(began) {
			r.LastResumed = max(r.LastResumed, s.Resumed.Sub(began).Seconds())
			r.AwayMax = max(r.AwayMax, float64(s.Away)/1e6)
		}
	}
}

// twoOwners tells where two processes delivered events of one session at the same time: one
// that delivered a second ago brings something new although another has begun meanwhile. No shard
// comes back to a process as fast as that. What was on its way to the one before when the other
// took over is nothing new. It returns "" where there was one at a time.
func twoOwners(events []seen) string {
	slices.SortStableFunc(events, func(a, b seen) int { return cmp.Compare(a.at, b.at) })
	last := map[int]seen{} // what each process delivered last
	var high seen          // the highest sequence until now
	for i, e := range events {
		was, before := last[e.node]
		if before && e.seq > high.seq && events[i-1].node != e.node && e.at-was.at < int64(time.Second) {
			return fmt.Sprintf("node-%d delivered %d, %v after node-%d had %d; its own last one was %d, %v before",
				e.node+1, e.seq, time.Duration(e.at-events[i-1].at), events[i-1].node+1, events[i-1].seq, was.seq, time.Duration(e.at-was.at))
		}
		last[e.node] = e
		if e.seq > high.seq {
			high = e
		}
	}
	return ""
}

// Compare holds what files say that callbacks had against what the gateway wrote.
func Compare(report *gatewaytest.Report, files []string) (lost, doubled int, err error) {
	all, err := readDeliveries(files)
	if err != nil {
		return 0, 0, err
	}
	var r Result
	r.count(&gatewaytest.Report{}, report, all, time.Time{})
	return r.Lost, r.Doubled, nil
}
