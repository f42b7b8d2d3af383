package budget

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// A budget's reset that comes from a file is a deadline like any other: it has a
// monotonic reading, so that a wall clock that is set changes no wait.
func TestRestoredBudgetIsMonotonic(t *testing.T) {
	b := New(0, nil, nil)
	now := time.Now()
	at := now.Add(time.Hour).UTC().Round(0)
	b.Restore(now, identify.Budget{Total: 1000, Remaining: 5, ResetAt: at})
	if got := b.current.ResetAt; !got.Equal(at) || !strings.Contains(got.String(), " m=") {
		t.Errorf("the reset is %v, want %v with a monotonic reading", got, at)
	}
}
