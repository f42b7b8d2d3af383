package main

import (
	"testing"
)

// Heartbeats are counted, and a shard that missed some fails the command.
func TestDemoHeartbeats(t *testing.T) {
	t.Parallel()
	p := start(t, "", "demo", "--json", "--shards=2", "--guilds=0", "--heartbeat-interval=500ms", "--warm-up=1s", "--duration=1s")
	if status := p.wait(); status != 0 {
		t.Fatalf("status %d", status)
	}
	if s := summaryOf(t, p.stdout.String()); s["heartbeats_least"] < 1 || s["heartbeats"] < 2*s["heartbeats_least"] || s["duration_s"] > 1.9 {
		t.Errorf("%v", s)
	}
}
