package engine

import (
	"log/slog"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/internal/budget"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
)

// TestViewSaysWhyItWaits, and until when.
func TestViewSaysWhyItWaits(t *testing.T) {
	b := budget.New(0, slog.New(slog.DiscardHandler), func() {})
	r := newStand(t, b)
	b.Learn(r.now, 1000, 1000, budget.Period)
	for range 2 {
		r.identify()
		r.frames(wiretest.Close(1011, ""))
	}
	r.publish()
	v := r.View()
	if v.Waits != "" || !v.NextAt.Equal(r.core.Next()) {
		t.Errorf("in backoff: waits %q until %v", v.Waits, v.NextAt)
	}
	r.identify()
	r.frames(wiretest.Close(1011, ""))
	r.publish()
	v = r.View()
	if !strings.Contains(v.Waits, "after 3 in a row no session lived") || !v.NextAt.Equal(r.core.Next()) {
		t.Errorf("waits %q until %v", v.Waits, v.NextAt)
	}
	if line := v.String(); !strings.Contains(line, v.Waits) {
		t.Errorf("not in %s", line)
	}
	r.now = r.core.Next()
	r.core.Advance(r.now, true)
	r.publish()
	if v = r.View(); v.Waits != "" || !v.NextAt.IsZero() {
		t.Errorf("connecting: waits %q until %v", v.Waits, v.NextAt)
	}
}
