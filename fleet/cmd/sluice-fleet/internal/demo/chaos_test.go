package demo

import (
	"slices"
	"testing"
	"time"
)

// TestSchedule holds that a seed decides what is done when, and that no fault falls into the one before.
func TestSchedule(t *testing.T) {
	o := Options{Nodes: 3, NATS: "external", Duration: 10 * time.Minute, Seed: 7}
	list := schedule(&o)
	if again := schedule(&o); !slices.Equal(list, again) {
		t.Errorf("the same seed gave %v and %v", list, again)
	}
	o.Seed++
	if slices.Equal(list, schedule(&o)) {
		t.Error("another seed gave the same")
	}
	kinds := map[string]int{}
	var free time.Duration
	for _, f := range list {
		if f.at < free || f.at >= o.Duration || f.slot < 0 || f.slot >= o.Nodes {
			t.Errorf("%v, but the one before may last until %v", f, free)
		}
		kinds[f.what]++
		free = f.at + map[string]time.Duration{"kill": f.wait / 2, "stop": f.wait, "cut": f.wait, "term": replacing, "surge": replacing}[f.what]
	}
	if len(kinds) != 5 {
		t.Errorf("in 10 minutes there is only %v", kinds)
	}
	o.NATS = "embedded"
	for _, f := range schedule(&o) {
		if f.what == "cut" || f.what == "surge" {
			t.Errorf("%v, with embedded servers", f)
		}
	}
}
