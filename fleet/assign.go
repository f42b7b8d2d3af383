package fleet

import (
	"cmp"
	"maps"
	"slices"
)

// This file decides which process is to run how many shards. It has no I/O: from the same
// members and records every process concludes the same, and where what they see differs, the
// compare-and-set on each record does.

// tally is how many shards each member runs, and is to run.
type tally struct {
	runs  map[string]int // by incarnation
	quota map[string]int
	order []string // incarnations, in the order in which all processes see them
}

// newTally shares shards out by capacity. Who starts or drains gets none, nor does who replaces
// another that runs: that one's shards go to it directly. As soon as the other drains it has that
// one's share; if it had to wait until the other is gone, it would have too many shards until then, and
// others would be given them, and give them back.
func newTally(shards int, members map[string]member, records map[place]record, has func(place) bool) *tally {
	t := &tally{runs: make(map[string]int), quota: make(map[string]int), order: slices.Sorted(maps.Keys(members))}
	for p, r := range records {
		if _, lives := members[r.Owner]; lives && has(p) {
			t.runs[r.Owner]++
		}
	}
	runs := make(map[string]bool) // names
	for _, m := range members {
		runs[m.Name] = runs[m.Name] || !m.Draining
	}
	takes := slices.DeleteFunc(slices.Clone(t.order), func(i string) bool {
		m := members[i]
		return m.Starting || m.Draining || m.Replaces != "" && m.Replaces != m.Name && runs[m.Replaces]
	})
	weight := 0
	for _, i := range takes {
		weight += members[i].Capacity
	}
	if weight == 0 {
		return t
	}
	left := shards
	for _, i := range takes {
		t.quota[i] = shards * members[i].Capacity / weight
		left -= t.quota[i]
	}
	// What is left goes where it moves the fewest shards.
	slices.SortStableFunc(takes, func(a, b string) int {
		return cmp.Compare(t.runs[b]-t.quota[b], t.runs[a]-t.quota[a])
	})
	for _, i := range takes[:left] {
		t.quota[i]++
	}
	return t
}

// neediest returns who lacks the most shards, "" if nobody takes any.
func (t *tally) neediest() string {
	best := ""
	for _, i := range t.order {
		if _, takes := t.quota[i]; takes && (best == "" || t.lacks(i) > t.lacks(best)) {
			best = i
		}
	}
	return best
}

// lacks returns how many shards a member is short of; negative: it has too many.
func (t *tally) lacks(i string) int { return t.quota[i] - t.runs[i] }

// free returns the places of a plan that nobody runs, in order: without a record, or with one
// whose owner is gone.
func free(p *plan, members map[string]member, records map[place]record) []place {
	var list []place
	for _, total := range p.totals() {
		for id := range total {
			at := place{total, id}
			if r := records[at]; !r.bad {
				if _, lives := members[r.Owner]; !lives {
					list = append(list, at)
				}
			}
		}
	}
	return list
}
