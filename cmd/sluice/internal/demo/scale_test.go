package demo

import (
	"fmt"
	"math"
	"runtime"
	"strings"
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
	if want := "ulimit -Hn " + fmt.Sprint(uint64(shards)+spareDescriptors); !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
}

// A shard that missed heartbeats fails the command.
func TestMissedHeartbeats(t *testing.T) {
	s := summary{shards: 2, ShardsReady: 2, Heartbeats: 8, LeastBeats: 3, intervals: 4}
	if err := s.verdict(); err != nil {
		t.Error(err)
	}
	s.intervals = 5
	if err := s.verdict(); err == nil {
		t.Error("a shard that kept 3 heartbeats in 5 intervals is passed over")
	} else if !strings.Contains(err.Error(), "only 3 heartbeats in 5 intervals") {
		t.Error(err)
	}
}
