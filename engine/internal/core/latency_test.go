package core

import (
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
		p.ack(now)
		p.ack(now.Add(time.Second)) // tells nothing
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
	r.fail(errReset)
	r.dial()
	if l := r.core.heart.latency(); l.Last != 5*time.Millisecond {
		t.Errorf("before hello: %+v", l)
	}
	r.recv(testHello)
	if l := r.core.heart.latency(); l != (lifecycle.Latency{}) {
		t.Errorf("after hello: %+v", l)
	}
}
