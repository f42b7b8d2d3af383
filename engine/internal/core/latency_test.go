package core

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

func TestPulse(t *testing.T) {
	start := time.Date(2026, 8, 1, 12, 0, 0, 0, time.UTC)
	var p pulse
	p.ack(start) // for a heartbeat that the gateway asked for, before the first
	if l := p.latency(); l != (lifecycle.Latency{}) {
		t.Errorf("before the first: %+v", l)
	}
	now := start
	for i := 1; i <= 7; i++ {
		now = now.Add(time.Minute)
		p.beat(now)
		if i == 2 {
			continue // lost
		}
		now = now.Add(time.Duration(i) * time.Millisecond)
		if took, first := p.ack(now); took != time.Duration(i)*time.Millisecond || !first {
			t.Errorf("ACK %d: %v, %t", i, took, first)
		}
		if took, first := p.ack(now.Add(time.Second)); took != 0 || first {
			t.Errorf("a second ACK: %v, %t", took, first)
		}
		if l := p.latency(); l.Last != time.Duration(i)*time.Millisecond || l.Received != now {
			t.Errorf("after %d: %+v", i, l)
		}
	}
	want := lifecycle.Latency{
		Last: 7 * time.Millisecond, Average: (1 + 3 + 4 + 5 + 6 + 7) * time.Millisecond / 6,
		Sent: now.Add(-7 * time.Millisecond), Received: now,
	}
	for i := range want.Recent {
		want.Recent[i] = time.Duration(7-i) * time.Millisecond
	}
	if l := p.latency(); l != want {
		t.Errorf("%+v\nwant %+v", l, want)
	}
}

// TestLatencyBeginsAnew with each hello, and is kept until then.
func TestLatencyBeginsAnew(t *testing.T) {
	r := newRig(t).ready()
	r.timer() // the first heartbeat
	r.after(5 * time.Millisecond)
	r.recv(testAck)
	if l := r.core.heart.latency(); l.Last != 5*time.Millisecond || l.Average != l.Last || l.Recent[0] != l.Last || l.Recent[1] != 0 {
		t.Errorf("%+v", l)
	}
	r.recv(testAck)
	if want := []time.Duration{5 * time.Millisecond}; !slices.Equal(r.acked, want) || r.core.counter.Latency != want[0] {
		t.Errorf("the host was told of %v, the counters of %v", r.acked, r.core.counter.Latency)
	}
	r.fail(errReset)
	r.dial()
	if l := r.core.heart.latency(); l.Last != 5*time.Millisecond {
		t.Errorf("before hello: %+v", l)
	}
	r.recv(testHello)
	if l := r.core.heart.latency(); l != (lifecycle.Latency{}) || r.core.counter.Latency != 0 {
		t.Errorf("after hello: %+v, %v", l, r.core.counter.Latency)
	}
}
