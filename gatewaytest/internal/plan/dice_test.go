package plan

import (
	"reflect"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// TestChaosSeed draws the same faults twice, and others with another seed.
func TestChaosSeed(t *testing.T) {
	draw := func(seed uint64) (all []fault.Fault) {
		cfg := Config{Seed: seed, Every: 3}
		p := New(cfg)
		for range 100 {
			all = append(all, p.At(fault.AtEvent, 0, fault.GatewayAddress)...)
		}
		return all
	}
	a, b, c := draw(1), draw(1), draw(2)
	if !reflect.DeepEqual(a, b) || reflect.DeepEqual(a, c) {
		t.Error("the seed does not decide what happens")
	}
	if len(a) < 15 || len(a) > 60 {
		t.Errorf("%d of 100 events had a fault, want about 33", len(a))
	}
}

// TestChaosActions looks for actions that chaos has at the wrong point.
func TestChaosActions(t *testing.T) {
	for point, faults := range chaosActions {
		for _, f := range faults {
			f.Point = point
			if err := f.Check(); err != nil {
				t.Errorf("chaos at %v: %v", point, err)
			}
			if code := f.Number; f.Action == fault.ActionClose && (code == 4004 || code >= 4010) {
				t.Errorf("chaos ends the bot by close code %d", code)
			}
		}
	}
}
