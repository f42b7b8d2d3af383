package core

import (
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestProbe: the connection is kept if anything answers, and given up after 5 s if
// nothing does.
func TestProbe(t *testing.T) {
	answers := map[string]struct {
		answer func(r *rig)
		kept   bool
	}{
		"nothing":          {func(r *rig) {}, false},
		"an ACK":           {func(r *rig) { r.after(time.Millisecond); r.recv(testAck) }, true},
		"an ACK, late":     {func(r *rig) { r.after(4 * time.Second); r.recv(testAck) }, true},
		"what lay there":   {func(r *rig) { r.after(time.Millisecond); r.event(2) }, false},
		"events":           {func(r *rig) { r.after(2 * time.Second); r.event(2) }, true},
		"part of an event": {func(r *rig) { r.after(2 * time.Second); r.frames([]byte{0x81, 10, '{'}) }, true},
	}
	for name, test := range answers {
		r := newRig(t).ready()
		r.after(10 * time.Second)
		r.core.Probe(r.now)
		r.settle()
		if r.lastSent() != `{"op":1,"d":1}` {
			t.Fatalf("%s: sent %s", name, r.lastSent())
		}
		begin := r.now
		test.answer(r)
		for r.now.Sub(begin) < probeTimeout {
			r.timer()
		}
		if kept := r.core.state == lifecycle.Ready; kept != test.kept {
			t.Errorf("%s: %v after %v", name, r.core.state, r.now.Sub(begin))
		}
		if !test.kept {
			r.peerClose(4000, "")
			if r.core.nextStep() != "resume" || r.core.life.Causes[lifecycle.CauseZombie] != 1 {
				t.Errorf("%s: then %s, causes %v", name, r.core.nextStep(), r.core.life.Causes)
			}
		}
	}
}

// TestProbeAndHold: no verdict falls while nothing is read, nor before the socket has
// been looked at.
func TestProbeAndHold(t *testing.T) {
	r := newRig(t).ready()
	r.core.Probe(r.now)
	r.settle()
	r.after(probeTimeout)
	r.core.Advance(r.now, false)
	r.want(lifecycle.Ready)
	r.advance()
	r.want(lifecycle.Closing)

	r = newRig(t).ready()
	r.core.Probe(r.now)
	r.settle()
	r.core.Hold(r.now, true)
	r.after(probeTimeout)
	r.advance()
	r.want(lifecycle.Ready)
	if !r.core.Next().After(r.now) {
		t.Error("waits for a time that has passed")
	}
}

// TestProbeAndRhythm: a heartbeat that was due when time jumped, or soon after, is the
// probe, so that the gateway has its 5 s.
func TestProbeAndRhythm(t *testing.T) {
	for _, early := range []time.Duration{-time.Minute, 0, time.Millisecond, 4 * time.Second} {
		r := newRig(t).ready()
		r.timer() // the first heartbeat
		r.recv(testAck)
		r.now = r.core.heart.next.Add(-early)
		r.core.Probe(r.now)
		r.settle()
		begin := r.now
		r.advance()
		for r.core.state == lifecycle.Ready {
			r.timer()
		}
		if took := r.now.Sub(begin); took != probeTimeout {
			t.Errorf("a heartbeat was due %v later: given up after %v, want %v", early, took, probeTimeout)
		}
	}
}
