package gatewaytest

import (
	"testing"
	"time"
)

// TestIdentifyBuckets lets connections come to their turn in another order than that of the times they have noted.
func TestIdentifyBuckets(t *testing.T) {
	now := time.Now()
	for _, tt := range []struct {
		interval, since time.Duration
		want            bool
	}{
		{0, time.Millisecond, true},
		{0, 0, true},
		{0, -time.Millisecond, true},
		{5 * time.Second, 5 * time.Second, true},
		{5 * time.Second, 4950 * time.Millisecond, true}, // it has waited, and was faster this time
		{5 * time.Second, 4 * time.Second, false},
		{5 * time.Second, -time.Millisecond, false},
	} {
		b := identifyBuckets{interval: tt.interval, count: 2, last: make(map[int]time.Time)}
		if !b.allow(0, now) || !b.allow(1, now) {
			t.Errorf("interval %v: the first of a key is refused", tt.interval)
		}
		if got := b.allow(2, now.Add(tt.since)); got != tt.want {
			t.Errorf("interval %v: %t %v after the first, want %t", tt.interval, got, tt.since, tt.want)
		}
	}
}
