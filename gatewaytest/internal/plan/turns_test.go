package plan

import (
	"reflect"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// pastime is the order in which the points of a shard come by that is asked again and again.
var pastime = []fault.Point{fault.AtEvent, fault.AtAccept, fault.AtUpgrade, fault.AtHello, fault.AtIdentify, fault.AtReady, fault.AtBurst, fault.AtResume, fault.AtReplay, fault.AtHeartbeat}

// suffering returns the first n faults of a shard whose connections come to every point once a
// second, at the given clock. With others about, other shards come by in between.
func suffering(seed uint64, shard, n int, others bool) (faults []string) {
	t := newTurns(seed, 3*time.Second)
	now := time.Unix(0, 0)
	for len(faults) < n {
		now = now.Add(time.Second)
		for _, point := range pastime {
			if others {
				t.at(point, shard+1, fault.GatewayAddress, now)
			}
			if !point.KnowsShard() {
				continue // strays are whoever's
			}
			if f, ok := t.at(point, shard, fault.GatewayAddress, now); ok {
				faults = append(faults, f.String())
			}
		}
	}
	return faults
}

// TestChaosIntervalSeed has the seed alone decide what a shard meets in which order.
func TestChaosIntervalSeed(t *testing.T) {
	const n = 300
	first := suffering(1, 5, n, false)
	if again := suffering(1, 5, n, true); !reflect.DeepEqual(first, again) {
		t.Error("the same seed draws other faults when other shards are about")
	}
	if reflect.DeepEqual(first, suffering(2, 5, n, false)) || reflect.DeepEqual(first, suffering(1, 6, n, false)) {
		t.Error("another seed, or another shard, has the same faults")
	}
}

// TestChaosIntervalKinds lets every plot happen, and looks that a client can live with it.
func TestChaosIntervalKinds(t *testing.T) {
	turns := newTurns(1, 3*time.Second)
	now := time.Unix(0, 0)
	seen := make(map[string]bool)
	for range 100_000 {
		now = now.Add(time.Second)
		for _, point := range pastime {
			shard := 0
			if !point.KnowsShard() {
				shard = NoShard
			}
			f, ok := turns.at(point, shard, fault.ResumeAddress, now)
			if !ok {
				continue
			}
			if f.Point != point || f.Check() != nil {
				t.Fatalf("%v at %v: %v", f, point, f.Check())
			}
			if f.Action == fault.ActionClose && gateway.CloseCode(f.Number).Decision() == gateway.DecisionStop {
				t.Fatalf("%v ends the bot", f)
			}
			if f.Action == fault.ActionMalformed {
				seen["malformed "+f.Text] = true
				f.Text = "null"
			}
			seen[f.String()] = true
		}
	}
	for _, p := range plots {
		if !seen[p.fault.String()] {
			t.Errorf("%v never happened", p.fault)
		}
	}
	for _, name := range fault.Malformed() {
		if !seen["malformed "+name] {
			t.Errorf("malformed %s never happened", name)
		}
	}
	for _, a := range fault.Actions() {
		if a == fault.ActionSend {
			continue // its payload is a test's own
		}
		found := false
		for _, p := range plots {
			found = found || p.fault.Action == a
		}
		if !found {
			t.Errorf("chaos knows no %v", a)
		}
	}
}

// TestChaosIntervalPace counts turns: one an interval, however often a connection comes to a point.
func TestChaosIntervalPace(t *testing.T) {
	turns := newTurns(7, time.Minute)
	start := time.Unix(0, 0)
	n := 0
	for now := start; now.Sub(start) < 100*time.Minute; now = now.Add(time.Second) {
		for _, point := range pastime {
			if turns.may(point, 0, now) {
				if _, ok := turns.at(point, 0, fault.GatewayAddress, now); ok && point.KnowsShard() {
					n++
				}
			}
		}
	}
	if n < 80 || n > 200 { // some are led to, by a fault of their own
		t.Errorf("%d faults in 100 intervals", n)
	}
	turns.end()
	if turns.may(fault.AtReady, 0, start.Add(time.Hour)) {
		t.Error("something may happen after the end")
	}
}
