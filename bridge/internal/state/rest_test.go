package state

import (
	"strings"
	"testing"
)

// TestRest has groups of all lengths be what they were, and waste little memory.
func TestRest(t *testing.T) {
	for n := range 9000 {
		groups := [numGroups]string{strings.Repeat("a", n), strings.Repeat("b", n%700), strings.Repeat("c", n/3)}
		r := newRest(groups)
		if r.groups() != groups {
			t.Fatalf("groups of %d, %d and %d bytes are others", len(groups[0]), len(groups[1]), len(groups[2]))
		}
		if waste := cap(append([]byte(nil), r.first...)) + cap(append([]byte(nil), r.last...)) - r.len(); waste > minCut+r.len()/50 {
			t.Fatalf("%d bytes waste %d", r.len(), waste)
		}
	}
}
