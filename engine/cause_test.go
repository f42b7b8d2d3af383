package engine

import (
	"errors"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
)

// TestCauses brings about every kind of end.
func TestCauses(t *testing.T) {
	closing := func(r *rig) { r.peerClose(4000, "") }
	tests := [causeCount]struct{ end, after func(r *rig) }{
		CauseReconnect:      {func(r *rig) { r.ready(); r.recv(`{"op":7}`) }, closing},
		CauseInvalidSession: {func(r *rig) { r.ready(); r.recv(`{"op":9,"d":true}`) }, closing},
		CauseClosed:         {func(r *rig) { r.ready(); r.peerClose(4000, "") }, nil},
		CauseBroken:         {func(r *rig) { r.ready(); r.fail(errReset) }, nil},
		CauseUnreachable:    {func(r *rig) { r.timer(); r.fail(errReset) }, nil},
		CauseZombie:         {func(r *rig) { r.ready(); r.timer(); r.timer() }, closing},
		CauseDeadline:       {func(r *rig) { r.dial(); r.timer() }, closing},
		CauseDamage:         {func(r *rig) { r.ready(); r.recv(`{`) }, closing},
		CauseGap:            {func(r *rig) { r.ready(); r.event(5) }, func(r *rig) { r.fail(errReset) }},
		CauseQueue: {func(r *rig) {
			r.dial()
			r.recv(testHello)
			r.core.giveUp(r.now, &queueError{errors.New("down")})
			r.settle()
		}, closing},
		CauseUser: {func(r *rig) { r.ready(); r.core.restart(r.now); r.settle() }, closing},
	}
	for cause, test := range tests {
		r := newRig(t)
		test.end(r)
		if test.after != nil {
			r.want(Closing)
			if n := r.core.life.counts().Total(); n != 0 {
				t.Errorf("%v: counted before its end", Cause(cause))
			}
			test.after(r)
		}
		r.want(Disconnected)
		var want Causes
		want[cause] = 1
		if got := r.core.life.counts(); got != want {
			t.Errorf("%v: counted %v\n%s", Cause(cause), got, r.log.String())
		}
	}

	// What is followed by nothing is not counted.
	r := newRig(t, func(c *Config) { c.Retries = 1 }).ready()
	r.peerClose(4004, "")
	r.want(Stopped)
	if n := r.core.life.counts().Total(); n != 0 {
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
	r.want(Disconnected)
	if got := r.core.life.counts().String(); got != "1 queue" {
		t.Errorf("counted %v", got)
	}
	if at := r.core.next(); at.Before(r.now.Add(time.Hour)) {
		t.Errorf("redials in %v", at.Sub(r.now))
	}
}

func TestCausesTell(t *testing.T) {
	if got := (Causes{}).String(); got != "none" {
		t.Error(got)
	}
	c := Causes{CauseZombie: 2, CauseGap: 1}
	if got := c.String(); got != "2 zombie, 1 gap" || c.Total() != 3 {
		t.Error(got, c.Total())
	}
	if got, err := c.MarshalJSON(); err != nil || string(got) != `{"gap":1,"zombie":2}` {
		t.Errorf("%s, %v", got, err)
	}
	for range c.All() {
		break
	}
	for cause := range causeCount {
		if cause.String() == "" {
			t.Errorf("cause %d has no name", cause)
		}
	}
	if got := causeCount.String(); got != "Cause(11)" {
		t.Error(got)
	}
}
