package core

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// TestCauses brings about every kind of end.
func TestCauses(t *testing.T) {
	closing := func(r *rig) { r.peerClose(4000, "") }
	tests := [lifecycle.Cause(len(lifecycle.Causes{}))]struct{ end, after func(r *rig) }{
		lifecycle.CauseReconnect:      {func(r *rig) { r.ready(); r.recv(`{"op":7}`) }, closing},
		lifecycle.CauseInvalidSession: {func(r *rig) { r.ready(); r.recv(`{"op":9,"d":true}`) }, closing},
		lifecycle.CauseClosed:         {func(r *rig) { r.ready(); r.peerClose(4000, "") }, nil},
		lifecycle.CauseBroken:         {func(r *rig) { r.ready(); r.fail(errReset) }, nil},
		lifecycle.CauseUnreachable:    {func(r *rig) { r.timer(); r.fail(errReset) }, nil},
		lifecycle.CauseZombie:         {func(r *rig) { r.ready(); r.timer(); r.timer() }, closing},
		lifecycle.CauseDeadline:       {func(r *rig) { r.dial(); r.timer() }, closing},
		lifecycle.CauseDamage:         {func(r *rig) { r.ready(); r.recv(`{`) }, closing},
		lifecycle.CauseGap:            {func(r *rig) { r.ready(); r.event(5) }, func(r *rig) { r.fail(errReset) }},
		lifecycle.CauseQueue: {func(r *rig) {
			r.dial()
			r.recv(testHello)
			r.core.giveUp(r.now, &queueError{errors.New("down")})
			r.settle()
		}, closing},
		lifecycle.CauseUser: {func(r *rig) { r.ready(); r.core.Restart(r.now); r.settle() }, closing},
	}
	for cause, test := range tests {
		r := newRig(t)
		test.end(r)
		if test.after != nil {
			r.want(lifecycle.Closing)
			if n := r.core.life.Counts().Total(); n != 0 {
				t.Errorf("%v: counted before its end", lifecycle.Cause(cause))
			}
			test.after(r)
		}
		r.want(lifecycle.Disconnected)
		var want lifecycle.Causes
		want[cause] = 1
		if got := r.core.life.Counts(); got != want {
			t.Errorf("%v: counted %v\n%s", lifecycle.Cause(cause), got, r.log.String())
		}
	}

	// What is followed by nothing is not counted.
	r := newRig(t, func(c *settings) { c.Retries = 1 }).ready()
	r.peerClose(4004, "")
	r.want(lifecycle.Stopped)
	if n := r.core.life.Counts().Total(); n != 0 {
		t.Errorf("a stop was counted")
	}
}

// TestCauseOfRefusedIdentify: a budget that is spent when the permit comes.
func TestCauseOfRefusedIdentify(t *testing.T) {
	r := newRig(t)
	r.dial()
	r.recv(testHello)
	r.core.giveUp(r.now, &queueError{&identify.BudgetError{Until: r.now.Add(time.Hour)}})
	r.settle()
	r.fail(errReset)
	r.want(lifecycle.Disconnected)
	if got := r.core.life.Counts().String(); got != "1 queue" {
		t.Errorf("counted %v", got)
	}
	if at := r.core.Next(); at.Before(r.now.Add(time.Hour)) {
		t.Errorf("redials in %v", at.Sub(r.now))
	}
}
