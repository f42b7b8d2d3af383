package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

const (
	// gather is how long after the last drop of an incident another one belongs to it, and
	// longest how long drops are gathered: under permanent faults the account is by minutes.
	gather  = 5 * time.Second
	longest = time.Minute

	// keptIncidents is how many are remembered, keptCauses how many causes of each.
	keptIncidents = 100
	keptCauses    = 16
)

// shardKey names a shard. Ids come twice while shards of two totals run.
type shardKey struct{ id, total int }

// incident is drops of shards close together, and what came of them.
type incident struct {
	number      int
	first, last time.Time // drops
	back        time.Time // when the last shard was ready again
	dropped     int
	pending     map[shardKey]struct{} // not ready again
	shard       int                   // the first that was dropped
	resumed     int
	identified  int
	stopped     int
	sessions    int   // lost
	missing     int64 // events that are known to be lost
	causes      map[string]int
	note        string // what a person did; it is then nothing else
}

// incidents is the account of what went wrong. The monitor's mutex guards it.
type incidents struct {
	list  []*incident // the newest last
	of    map[shardKey]*incident
	count int
}

// take brings the account up to date, and reports whether it changed.
func (t *incidents) take(h *lifecycle.Happening) bool {
	key := shardKey{h.Shard, h.Total}
	switch {
	case h.Kind == lifecycle.HappenedLost:
		in := t.of[key]
		if in == nil {
			in = t.open(h.At)
		}
		if h.Last == 0 {
			in.sessions++
		} else {
			in.missing += h.Last - h.First + 1
		}
		return true
	case h.Kind != lifecycle.HappenedState:
		return false
	case h.From == lifecycle.Ready && h.To != lifecycle.Ready && !wanted(h.Cause):
		t.drop(key, h)
		return true
	case h.To == lifecycle.Ready, h.To == lifecycle.Stopped:
		in := t.of[key]
		if in == nil {
			return false
		}
		switch {
		case h.To == lifecycle.Stopped:
			in.stopped++
		case h.From == lifecycle.Resuming:
			in.resumed++
		default:
			in.identified++
		}
		t.settle(key, in, h.At)
		return true
	}
	return false
}

// wanted reports whether the user had a shard leave for good.
func wanted(cause string) bool {
	return strings.HasPrefix(cause, "the user closed") || strings.HasPrefix(cause, "the user logs out") || cause == "the engine shuts down"
}

func (t *incidents) drop(key shardKey, h *lifecycle.Happening) {
	in := t.open(h.At)
	if in.dropped == 0 {
		in.shard = h.Shard
	}
	in.last = h.At
	in.dropped++
	cause := withoutNumbers(h.Cause)
	if _, known := in.causes[cause]; !known && len(in.causes) >= keptCauses {
		cause = "other causes"
	}
	in.causes[cause]++
	if before := t.of[key]; before != nil {
		delete(before.pending, key)
	}
	in.pending[key] = struct{}{}
	if t.of == nil {
		t.of = make(map[shardKey]*incident)
	}
	t.of[key] = in
}

// open returns the incident that something belongs to which happens now.
func (t *incidents) open(at time.Time) *incident {
	for _, in := range slices.Backward(t.list) {
		if in.note == "" {
			if at.Sub(in.last) <= gather && at.Sub(in.first) <= longest {
				return in
			}
			break
		}
	}
	in := &incident{first: at, last: at, pending: make(map[shardKey]struct{}), causes: make(map[string]int)}
	t.add(in)
	return in
}

func (t *incidents) add(in *incident) {
	t.count++
	in.number = t.count
	if len(t.list) >= keptIncidents {
		old := t.list[0]
		for key := range old.pending {
			delete(t.of, key)
		}
		t.list = slices.Delete(t.list, 0, 1)
	}
	t.list = append(t.list, in)
}

// tell adds what a person did.
func (t *incidents) tell(now time.Time, note string) {
	t.add(&incident{first: now, last: now, note: note})
}

// settle notes that a shard is not missed any more.
func (t *incidents) settle(key shardKey, in *incident, at time.Time) {
	delete(t.of, key)
	delete(in.pending, key)
	if at.After(in.back) {
		in.back = at
	}
}

// reconcile settles shards that are ready or gone although nobody told: the watch had no room.
func (t *incidents) reconcile(now time.Time, states map[shardKey]lifecycle.State) {
	for key, in := range t.of {
		state, there := states[key]
		switch {
		case !there || state == lifecycle.Stopped:
			in.stopped++
		case state == lifecycle.Ready:
			in.resumed++
		default:
			continue
		}
		t.settle(key, in, now)
	}
}

// Incident is an incident as it is shown.
type incidentView struct {
	Number   int         `json:"number"`
	From     time.Time   `json:"from"`
	To       time.Time   `json:"to"`            // of the last drop
	Back     time.Time   `json:"back,omitzero"` // when all were back
	Open     bool        `json:"open"`          // some are not back
	Lossy    bool        `json:"lossy"`         // events may be missing
	Note     bool        `json:"note"`          // what a person did
	Sentence string      `json:"sentence"`
	Causes   []causeView `json:"causes,omitempty"` // the most frequent first
}

type causeView struct {
	Cause string `json:"cause"`
	Count int    `json:"count"`
}

// view returns the incidents, the newest first.
func (t *incidents) view(now time.Time) []incidentView {
	list := make([]incidentView, 0, len(t.list))
	for _, in := range slices.Backward(t.list) {
		v := incidentView{
			Number: in.number, From: in.first, To: in.last, Open: len(in.pending) > 0,
			Lossy: in.sessions > 0 || in.missing > 0, Note: in.note != "", Sentence: in.sentence(now),
		}
		if !v.Open {
			v.Back = in.back
		}
		for cause, n := range in.causes {
			v.Causes = append(v.Causes, causeView{cmp.Or(cause, "no cause was told"), n})
		}
		slices.SortFunc(v.Causes, func(a, b causeView) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Cause, b.Cause))
		})
		list = append(list, v)
	}
	return list
}

// sentence says what happened, and how it ended.
func (in *incident) sentence(now time.Time) string {
	first, last := clock(in.first, now), clock(in.last, now)
	if in.note != "" {
		return fmt.Sprintf("At %s %s.", first, in.note)
	}
	if in.dropped == 0 {
		return fmt.Sprintf("At %s %s.", first, in.losses())
	}
	var b strings.Builder
	switch {
	case in.dropped == 1:
		fmt.Fprintf(&b, "Shard %d was dropped at %s", in.shard, first)
	case first == last:
		fmt.Fprintf(&b, "%s were dropped at %s", shards(in.dropped), first)
	default:
		fmt.Fprintf(&b, "%s were dropped between %s and %s", shards(in.dropped), first, last)
	}
	waiting := len(in.pending)
	back := clock(in.back, now)
	switch {
	case waiting == in.dropped && waiting == 1:
		b.WriteString("; it is not back yet")
	case waiting > 0:
		fmt.Fprintf(&b, "; %s of them %s not back yet", count(waiting), be(waiting))
	case in.stopped == in.dropped:
		b.WriteString("; none came back")
	case in.identified == 0 && in.stopped == 0:
		fmt.Fprintf(&b, "; %s resumed by %s", all(in.dropped), back)
	case in.resumed == 0 && in.stopped == 0:
		fmt.Fprintf(&b, "; %s back with a new session by %s", all(in.dropped), back)
	default:
		var ways []string
		if n := in.resumed; n > 0 {
			ways = append(ways, fmt.Sprintf("%s %s resumed", count(n), was(n)))
		}
		if n := in.identified; n > 0 {
			ways = append(ways, fmt.Sprintf("%s %s back with a new session", count(n), was(n)))
		}
		fmt.Fprintf(&b, "; %s by %s", strings.Join(ways, ", "), back)
	}
	if in.stopped > 0 && in.stopped != in.dropped {
		fmt.Fprintf(&b, "; %s stopped for good", shards(in.stopped))
	}
	b.WriteString("; ")
	b.WriteString(in.losses())
	if waiting > 0 && in.sessions == 0 && in.missing == 0 {
		b.WriteString(" so far")
	}
	b.WriteByte('.')
	return b.String()
}

// losses says what was lost.
func (in *incident) losses() string {
	var parts []string
	if in.sessions == 1 {
		parts = append(parts, "one session was lost, of which events may be missing")
	} else if in.sessions > 1 {
		parts = append(parts, count(in.sessions)+" sessions were lost, of which events may be missing")
	}
	if in.missing == 1 {
		parts = append(parts, "one event was lost")
	} else if in.missing > 1 {
		parts = append(parts, count(int(in.missing))+" events were lost")
	}
	if parts == nil {
		return "nothing was lost"
	}
	return strings.Join(parts, "; ")
}

func all(n int) string {
	switch n {
	case 1:
		return "it was"
	case 2:
		return "both were"
	}
	return "all were"
}

func was(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func be(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

func shards(n int) string {
	if n == 1 {
		return "one shard"
	}
	return count(n) + " shards"
}

// count returns a number with commas.
func count(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}

// clock returns a time of day, with the date if that is not today.
func clock(at, now time.Time) string {
	at, now = at.Local(), now.Local()
	if at.YearDay() == now.YearDay() && at.Year() == now.Year() {
		return at.Format("15:04:05")
	}
	return at.Format("Jan 2 15:04:05")
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// withoutNumbers makes one text of those that differ in ports, sequences or ids. Close codes,
// as in "closed by the gateway with 4000", stay.
func withoutNumbers(text string) string {
	var b strings.Builder
	digits := false
	for i := range len(text) {
		digit := isDigit(text[i])
		if !digits && strings.HasSuffix(text[:i], " with ") {
			digit = false
		} else if digit && i > 0 && !digits && isDigit(text[i-1]) {
			digit = false // the rest of a code
		}
		if !digit {
			b.WriteByte(text[i])
		} else if !digits {
			b.WriteByte('#')
		}
		digits = digit
	}
	return b.String()
}
