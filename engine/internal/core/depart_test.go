package core

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// TestDepart: the user's code goes to the gateway, and decides what becomes of
// the session.
func TestDepart(t *testing.T) {
	for _, test := range []struct {
		code gateway.CloseCode
		sent string
		kept bool
	}{
		{0, "close 4000", true},
		{1000, "close 1000", false},
		{1001, "close 1001", false},
		{3001, "close 3001", true},
		{4999, "close 4999", true},
	} {
		r := newRig(t).ready()
		var told lifecycle.Closed
		r.on(gateway.Events(gateway.EventClosed), func(ev *delivery) { told, _ = ev.Closed() })
		r.depart(test.code)
		r.want(lifecycle.Closing)
		r.depart(1000) // the first one counts
		r.core.Depart(r.now, Shutdown)
		if r.lastSent() != test.sent {
			t.Errorf("%d: sent %q", test.code, r.lastSent())
		}
		r.peerClose(uint16(max(test.code, 1000)), "")
		r.want(lifecycle.Stopped)
		if r.core.session.resumable() != test.kept || r.core.stop != nil || !r.core.left {
			t.Errorf("%d: session %+v, stopped with %v, left %v", test.code, r.core.session, r.core.stop, r.core.left)
		}
		if want := strings.TrimPrefix(test.sent, "close "); told.By != lifecycle.ByUser || want != told.Code.String() && !strings.HasPrefix(told.Code.String(), want) {
			t.Errorf("%d: callbacks were told %+v", test.code, told)
		}
	}
	for _, code := range []gateway.CloseCode{1, 999, 1004, 1005, 1006, 1015, 2000, 5000} {
		if _, err := NewDeparture(code, ""); err == nil || !strings.HasPrefix(err.Error(), "engine: ") {
			t.Errorf("%d: %v", code, err)
		}
	}
	for _, reason := range []string{strings.Repeat("x", 124), "\xff"} {
		if _, err := NewDeparture(4000, reason); err == nil {
			t.Errorf("reason %q was taken", reason)
		}
	}
}

// TestDepartAfterInvalidSession: what the gateway has declared gone is not given
// back.
func TestDepartAfterInvalidSession(t *testing.T) {
	r := newRig(t).ready()
	r.recv(`{"op":9,"d":false}`)
	r.depart(4000)
	if !r.core.life.Leaving {
		t.Error("nobody is told that the shard leaves")
	}
	r.peerClose(4000, "")
	r.want(lifecycle.Stopped)
	if r.core.session.resumable() {
		t.Errorf("gives back %+v", r.core.session)
	}
}

// TestRenew: a session is given up on its connection alone, its loss is told, and the next connection identifies at once.
func TestRenew(t *testing.T) {
	r := newRig(t).ready()
	r.core.Renew(r.now)
	r.settle()
	if r.lastSent() != "close 4000" || r.core.session.resumable() || r.core.counter.SessionsLost != 1 {
		t.Errorf("sent %q, session %+v, %d lost", r.lastSent(), r.core.session, r.core.counter.SessionsLost)
	}
	r.peerClose(4000, "")
	r.want(lifecycle.Disconnected)
	if at := r.core.Next(); !at.Equal(r.now) || r.core.redial.failures != 0 {
		t.Errorf("redials in %v, %d failures", at.Sub(r.now), r.core.redial.failures)
	}
	r = newRig(t).ready()
	r.peerClose(4000, "")
	r.core.Renew(r.now)
	if !r.core.session.resumable() {
		t.Error("gave a session up without a connection")
	}
}

// TestRestart: no backoff, whatever came before, and no failure counted; only what
// Discord asks for after an invalid session is waited.
func TestRestart(t *testing.T) {
	restart := func(r *rig) { r.core.Restart(r.now); r.settle() }
	r := newRig(t).ready()
	restart(r)
	if r.lastSent() != "close 4000" {
		t.Errorf("sent %q", r.lastSent())
	}
	r.peerClose(4000, "")
	r.want(lifecycle.Disconnected)
	if at := r.core.Next(); !at.Equal(r.now) || !r.core.session.resumable() || r.core.redial.failures != 0 {
		t.Errorf("redials in %v, %+v, %d failures", at.Sub(r.now), r.core.session, r.core.redial.failures)
	}

	r.dial()
	restart(r) // before hello: still no failure
	r.peerClose(4000, "")
	if at := r.core.Next(); !at.Equal(r.now) || r.core.redial.failures != 0 {
		t.Errorf("redials in %v, %d failures", at.Sub(r.now), r.core.redial.failures)
	}

	for range 4 { // a backoff is cut short
		r.dial()
		r.fail(errReset)
	}
	if at := r.core.Next(); at.Sub(r.now) < time.Second {
		t.Fatalf("no backoff: %v", at.Sub(r.now))
	}
	restart(r)
	if at := r.core.Next(); !at.Equal(r.now) {
		t.Errorf("redials in %v", at.Sub(r.now))
	}
	r.dial()
	r.fail(errReset)
	if at := r.core.Next(); at.Sub(r.now) < time.Second {
		t.Errorf("the restart outlived its dial: %v", at.Sub(r.now))
	}

	for _, early := range []bool{true, false} { // during Closing, and after
		r := newRig(t).ready()
		r.recv(`{"op":9,"d":false}`)
		if early {
			restart(r)
		}
		r.peerClose(4000, "")
		if !early {
			restart(r)
		}
		if at := r.core.Next(); at.Sub(r.now) != 3*time.Second {
			t.Errorf("redials %v after an invalid session", at.Sub(r.now))
		}
	}
}
