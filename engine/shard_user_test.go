package engine

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
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
		r.core.handlers.add(&handler{events: gateway.Events(gateway.EventClosed), call: func(ev *Event) { told, _ = ev.Closed() }})
		r.depart(test.code)
		r.want(lifecycle.Closing)
		r.depart(1000) // the first one counts
		r.core.shutdown(r.now)
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
		if _, err := newDeparture(code, ""); err == nil || !strings.HasPrefix(err.Error(), "engine: ") {
			t.Errorf("%d: %v", code, err)
		}
	}
	for _, reason := range []string{strings.Repeat("x", 124), "\xff"} {
		if _, err := newDeparture(4000, reason); err == nil {
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
	if !r.core.life.leaving {
		t.Error("nobody is told that the shard leaves")
	}
	r.peerClose(4000, "")
	r.want(lifecycle.Stopped)
	if r.core.session.resumable() {
		t.Errorf("gives back %+v", r.core.session)
	}
}

// TestRestart: no backoff, whatever came before, and no failure counted; only what
// Discord asks for after an invalid session is waited.
func TestRestart(t *testing.T) {
	restart := func(r *rig) { r.core.restart(r.now); r.settle() }
	r := newRig(t).ready()
	restart(r)
	if r.lastSent() != "close 4000" {
		t.Errorf("sent %q", r.lastSent())
	}
	r.peerClose(4000, "")
	r.want(lifecycle.Disconnected)
	if at := r.core.next(); !at.Equal(r.now) || !r.core.session.resumable() || r.core.redial.failures != 0 {
		t.Errorf("redials in %v, %+v, %d failures", at.Sub(r.now), r.core.session, r.core.redial.failures)
	}

	r.dial()
	restart(r) // before hello: still no failure
	r.peerClose(4000, "")
	if at := r.core.next(); !at.Equal(r.now) || r.core.redial.failures != 0 {
		t.Errorf("redials in %v, %d failures", at.Sub(r.now), r.core.redial.failures)
	}

	for range 4 { // a backoff is cut short
		r.dial()
		r.fail(errReset)
	}
	if at := r.core.next(); at.Sub(r.now) < time.Second {
		t.Fatalf("no backoff: %v", at.Sub(r.now))
	}
	restart(r)
	if at := r.core.next(); !at.Equal(r.now) {
		t.Errorf("redials in %v", at.Sub(r.now))
	}
	r.dial()
	r.fail(errReset)
	if at := r.core.next(); at.Sub(r.now) < time.Second {
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
		if at := r.core.next(); at.Sub(r.now) != 3*time.Second {
			t.Errorf("redials %v after an invalid session", at.Sub(r.now))
		}
	}
}

// TestCloseAndRestart: what callers of Close, Restart and WaitReady are told.
func TestCloseAndRestart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		brief, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.WaitReady(brief); err != context.DeadlineExceeded {
			t.Errorf("WaitReady: %v", err)
		}
		if err := s.Restart(brief); err != context.DeadlineExceeded {
			t.Errorf("Restart: %v", err)
		}
		p.goodbye() // the restart happens nevertheless
		close(p.out)
		p = r.net.accept(t)
		p.begin()
		if err := s.WaitReady(t.Context()); err != nil {
			t.Errorf("WaitReady: %v", err)
		}

		restarted := make(chan error)
		go func() { restarted <- s.Restart(t.Context()) }()
		began := time.Now()
		p.goodbye()
		q := r.net.accept(t)
		q.resume()
		q.send(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)
		if err := <-restarted; err != nil || time.Since(began) != 0 || s.State() != lifecycle.Ready {
			t.Errorf("Restart: %v, took %v", err, time.Since(began))
		}

		if _, err := s.Close(t.Context(), 1005, ""); err == nil {
			t.Error("closes with 1005")
		}
		closed := make(chan struct{})
		for range 2 {
			go func() {
				sess, err := s.Close(t.Context(), 0, "moving")
				if want := (session.Session{ID: "abc", ResumeURL: "ws://resume.discord.gg", Seq: 2}); err != nil || sess != want {
					t.Errorf("Close gave %+v, %v", sess, err)
				}
				closed <- struct{}{}
			}()
		}
		q.goodbye()
		<-closed
		<-closed
		if err := s.Restart(t.Context()); err != ErrStopped {
			t.Errorf("Restart: %v", err)
		}
		if err := s.WaitReady(t.Context()); err != ErrStopped {
			t.Errorf("WaitReady: %v", err)
		}
		if r.Shard(0) != nil || r.Stats().Identifies != 1 {
			t.Errorf("the engine still knows %v, or forgot what it did: %+v", r.Shard(0), r.Stats())
		}
		close(p.out)
		close(q.out)
		q.drop()
		r.end() // Run went on without a shard
	})
}

// TestCloseAfterStop: a shard that stopped for a cause of its own says so.
func TestCloseAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := start(t)
		p := r.net.accept(t)
		s := r.shard(0)
		p.raw(serverClose(4014, ""))
		if err := <-r.result; !errors.Is(err, lifecycle.ErrDisallowedIntents) {
			t.Errorf("Run returned %v", err)
		}
		if _, err := s.Close(t.Context(), 0, ""); !errors.Is(err, lifecycle.ErrDisallowedIntents) {
			t.Errorf("Close: %v", err)
		}
		close(p.out)
	})
}
