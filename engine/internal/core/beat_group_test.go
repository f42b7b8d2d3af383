package core

import (
	"math/rand/v2"
	"testing"
	"time"
)

// TestBeatsGoTogether: the beats of a process's shards, whenever they got hello, fall on one of
// sixteen times of the interval, at the latest from the second on; none is later than its random
// part says, or before hello, and no group has more than its share.
func TestBeatsGoTogether(t *testing.T) {
	const shards, interval = 16_000, 41250 * time.Millisecond
	epoch := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	r := rand.New(rand.NewPCG(1, 2))
	groups := make(map[time.Duration]int)
	for i := range shards {
		h := heart{epoch: &epoch}
		now := epoch.Add(time.Duration(r.Int64N(int64(time.Hour))) - 30*time.Minute)
		random := r.Float64()
		h.start(now, interval, random)
		latest := now.Add(time.Duration(float64(interval) * random))
		if first := h.due(); first.After(latest) || latest.Sub(first) >= interval/beatGroups || first.Before(now) {
			t.Fatalf("the first beat is due %v before the latest time", latest.Sub(first))
		}
		for beat := range 3 {
			now = later(now, h.due())
			if beat == 2 && i%3 == 0 {
				now = now.Add(30 * time.Second) // the loop was held up
			}
			if !h.beat(now) {
				t.Fatal("a beat that is due does not go")
			}
			h.looked()
			if ahead := h.due().Sub(now); ahead > interval || ahead < interval/2 {
				t.Fatalf("the next beat comes %v behind one", ahead)
			}
		}
		groups[(h.due().Sub(epoch)%interval+interval)%interval]++
	}
	if len(groups) != beatGroups {
		t.Fatalf("%d groups, want %d", len(groups), beatGroups)
	}
	for at, n := range groups {
		if at%(interval/beatGroups) != 0 || n > shards/beatGroups*5/4 {
			t.Errorf("%d of %d shards beat at %v", n, shards, at)
		}
	}
}

// TestBeatGroupOfShortInterval has nowhere to round to.
func TestBeatGroupOfShortInterval(t *testing.T) {
	epoch := time.Unix(0, 0)
	h := heart{epoch: &epoch}
	now := time.Unix(5, 7)
	h.start(now, beatGroups-1, 0)
	if !h.due().Equal(now) {
		t.Errorf("due at %v", h.due())
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
