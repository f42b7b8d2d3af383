package main

import (
	"fmt"
	"math"
	"runtime"
	"testing"
)

// As many addresses as needed, each for its share of the connections.
func TestSpread(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("there is one loopback address")
	}
	for shards, addresses := range map[int]int{1: 1, 19_000: 1, 20_000: 1, 20_001: 2, 100_000: 5} {
		s := spread{addresses: sourceAddresses(shards)}
		share := map[string]int{}
		for n := range shards {
			from := "any"
			if a := s.dialer(uint64(n)).LocalAddr; a != nil {
				from = a.String()
			}
			share[from]++
		}
		if len(share) != addresses || share["any"] > 0 && addresses > 1 {
			t.Errorf("%d shards: connections come from %v", shards, share)
		}
		for address, n := range share {
			if n > connectionsOfAddress {
				t.Errorf("%d shards: %d connections from %s", shards, n, address)
			}
		}
	}
}

// What the system has is enough for a few; what no system has is refused with the
// number to ask for.
func TestReserveDescriptors(t *testing.T) {
	t.Parallel()
	if err := reserveDescriptors(1); err != nil {
		t.Error(err)
	}
	if runtime.GOOS == "windows" {
		return
	}
	shards := math.MaxInt32
	err := reserveDescriptors(shards)
	if err == nil {
		t.Skip("the system allows anything")
	}
	wantText(t, err.Error(), "ulimit -Hn "+fmt.Sprint(uint64(shards)+spareDescriptors))
}

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
	s := summary{shards: 2, ShardsReady: 2, Heartbeats: 8, LeastBeats: 3, intervals: 4}
	if err := s.verdict(); err != nil {
		t.Error(err)
	}
	s.intervals = 5
	if err := s.verdict(); err == nil {
		t.Error("a shard that kept 3 heartbeats in 5 intervals is passed over")
	} else {
		wantText(t, err.Error(), "only 3 heartbeats in 5 intervals")
	}
}
