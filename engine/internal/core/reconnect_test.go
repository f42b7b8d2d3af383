package core

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// TestBackoff: full jitter below a ceiling that doubles from 1 s to 60 s, and is
// half a second where nothing has failed yet.
func TestBackoff(t *testing.T) {
	ceilings := []float64{0.5, 1, 2, 4, 8, 16, 32, 60, 60, 60}
	for failures, ceiling := range ceilings {
		for _, random := range []float64{0, 0.5, 0.999} {
			want := time.Duration(random * ceiling * float64(time.Second))
			if got := Backoff(failures, random); got != want {
				t.Errorf("Backoff(%d, %v) = %v, want %v", failures, random, got, want)
			}
		}
	}
	if got := Backoff(1<<31-1, 0.5); got != 30*time.Second {
		t.Errorf("after very many failures: %v", got)
	}
}

// TestPain09_BackoffIsResetByLifeAlone: neither TCP connect, nor hello, nor READY
// ends the row of failures, but a session that lives.
func TestPain09_BackoffIsResetByLifeAlone(t *testing.T) {
	r := newRig(t)
	var waits []time.Duration
	for range 8 {
		r.dial()
		r.recv(testHello)
		before := r.now
		r.fail(errReset)
		waits = append(waits, r.core.Next().Sub(before))
	}
	want := "[500ms 1s 2s 4s 8s 16s 30s 30s]"
	if got := fmt.Sprint(waits); got != want {
		t.Errorf("waits %s, want %s", got, want)
	}
	r.ready()
	r.fail(errReset)
	if got := r.core.Next().Sub(r.now); got != 30*time.Second {
		t.Errorf("after READY alone: %v, want 30s", got)
	}
	for name, live := range proofs {
		r.back()
		r.resumed(2)
		live(r)
		r.fail(errReset)
		if got := r.core.Next().Sub(r.now); got != 250*time.Millisecond {
			t.Errorf("after %s: %v, want 250ms", name, got)
		}
	}
}

// proofs are what shows that a session lives.
var proofs = map[string]func(r *rig){
	"an ACK":        func(r *rig) { r.recv(testAck) },
	"half a minute": func(r *rig) { r.after(proofTime) },
}

// TestFlapping: connections that end right behind RESUMED are dialled ever less
// often.
func TestFlapping(t *testing.T) {
	r := newRig(t).ready()
	r.fail(errReset)
	var waits []time.Duration
	for range 7 {
		r.back()
		r.resumed(2)
		r.after(time.Second)
		r.fail(errReset)
		waits = append(waits, r.core.Next().Sub(r.now))
	}
	if got, want := fmt.Sprint(waits), "[1s 2s 4s 8s 16s 30s 30s]"; got != want {
		t.Errorf("waits %s, want %s", got, want)
	}
	if c := r.core.counter; c.Identifies != 1 || c.SessionsLost != 0 {
		t.Errorf("%d identifies, %d sessions lost", c.Identifies, c.SessionsLost)
	}
}

// TestReconnectGoesAtOnce: op 7 on a connection that lived needs no backoff, but a
// gateway that asks at every READY is not dialled in a loop.
func TestReconnectGoesAtOnce(t *testing.T) {
	for name, live := range proofs {
		r := newRig(t).ready()
		live(r)
		r.recv(`{"op":7}`)
		r.peerClose(4000, "")
		if !r.core.Next().Equal(r.now) {
			t.Errorf("after %s: waits %v", name, r.core.Next().Sub(r.now))
		}
	}
	r := newRig(t).ready()
	r.recv(`{"op":7}`)
	r.peerClose(4000, "")
	if !r.core.Next().After(r.now) {
		t.Error("dials at once")
	}
}

// TestInvalidSessionWaits a random 1 to 5 s before the identify.
func TestInvalidSessionWaits(t *testing.T) {
	for random, want := range map[float64]time.Duration{0: time.Second, 0.5: 3 * time.Second, 1: 5 * time.Second} {
		r := newRig(t)
		r.core.random = func() float64 { return random }
		r.ready()
		r.after(time.Minute)
		r.recv(`{"op":9,"d":false}`)
		r.peerClose(4000, "")
		if got := r.core.Next().Sub(r.now); got != want {
			t.Errorf("random %v: waits %v, want %v", random, got, want)
		}
	}
}

// TestPain08_AStaleSessionIsNotResumedForEver: so many resumes without RESUMED, over
// so long, then an identify, at the first URL.
func TestPain08_AStaleSessionIsNotResumedForEver(t *testing.T) {
	r := newRig(t).ready()
	r.fail(errReset)
	r.unanswered()
	r.dial()
	if !strings.Contains(r.lastDial(), "gateway.discord.gg") {
		t.Errorf("the identify goes to %s", r.lastDial())
	}
	r.recv(testHello)
	r.want(lifecycle.Queued)
}

// unanswered has resumes fail until the session is given up: it takes both enough
// of them and enough time.
func (r *rig) unanswered() {
	r.t.Helper()
	alive := r.core.session.alive
	for n := 1; r.core.session.resumable(); n++ {
		r.dial()
		r.recv(testHello)
		r.want(lifecycle.Resuming)
		enough := n >= maxResumes && r.now.Sub(alive) >= resumeTime
		r.fail(errReset)
		if r.core.session.resumable() == enough {
			r.t.Fatalf("after %d resumes and %v the session is kept: %v\n%s", n, r.now.Sub(alive), !enough, r.log.String())
		}
	}
}

// TestSessionsOutliveOutages: a gateway that closes each connection behind the
// resume, for four minutes, costs no session, however many resumes that are.
func TestSessionsOutliveOutages(t *testing.T) {
	r := newRig(t).ready()
	r.core.random = func() float64 { return 0.01 } // hasty
	r.peerClose(4000, "")
	for r.now.Sub(r.start) < 4*time.Minute {
		r.back()
		r.peerClose(4000, "outage")
	}
	if r.core.session.resumes < 10*maxResumes {
		t.Fatalf("only %d resumes", r.core.session.resumes)
	}
	r.back()
	r.resumed(2)
	if c := r.core.counter; c.Identifies != 1 || c.SessionsLost != 0 {
		t.Errorf("%d identifies, %d sessions lost", c.Identifies, c.SessionsLost)
	}
}

// TestGatewayKnowsBest: what says that a session is gone ends it at once.
func TestGatewayKnowsBest(t *testing.T) {
	verdicts := map[string]func(r *rig){"op 9": func(r *rig) { r.recv(`{"op":9,"d":false}`); r.peerClose(4000, "") }}
	for _, code := range []uint16{4003, 4007, 4009} {
		verdicts[fmt.Sprint("close ", code)] = func(r *rig) { r.peerClose(code, "") }
	}
	for name, verdict := range verdicts {
		r := newRig(t).ready()
		r.fail(errReset)
		r.back()
		verdict(r)
		if r.core.session.resumable() {
			t.Errorf("%s: the session is kept", name)
		}
	}
}

// TestAdoptedSessionsHaveTime: what another process saved is tried as long as if it
// had been alive at the start.
func TestAdoptedSessionsHaveTime(t *testing.T) {
	r := newRig(t)
	if err := r.core.Adopt(session.Session{ID: "abc", Seq: 7}); err != nil {
		t.Fatal(err)
	}
	begin := r.now
	r.timer()
	for r.core.session.resumable() {
		r.connect()
		r.recv(testHello)
		r.peerClose(4000, "")
		r.timer()
	}
	if d := r.now.Sub(begin); d < resumeTime || d > resumeTime+2*backoffCap {
		t.Errorf("given up after %v", d)
	}
}

// TestRetries: so many failures in a row after the first end the shard; a session
// that lives starts the count anew; 0 is no limit.
func TestRetries(t *testing.T) {
	r := newRig(t, func(c *settings) { c.Retries = 3 })
	for range 3 {
		r.dial()
		r.fail(errReset)
	}
	r.ready()
	r.recv(testAck)
	for range 4 {
		r.fail(errReset)
		r.want(lifecycle.Disconnected)
		r.timer()
	}
	r.fail(errReset)
	r.want(lifecycle.Stopped)
	if !errors.Is(r.core.stop, lifecycle.ErrRetries) || !errors.Is(r.core.stop, errReset) {
		t.Errorf("stopped with %v", r.core.stop)
	}
	r = newRig(t)
	for range 1000 {
		r.timer()
		r.fail(errReset)
	}
	r.want(lifecycle.Disconnected)
}

// TestViolations: what breaks the WebSocket protocol is answered with the code
// of RFC 6455, counted once, and resumed; nothing more is read.
func TestViolations(t *testing.T) {
	cases := map[string]struct {
		bytes []byte
		code  int
	}{
		"reserved bits":       {[]byte{0xf1, 0}, 1002},
		"masked":              {[]byte{0x81, 0x80, 1, 2, 3, 4}, 1002},
		"reserved opcode":     {[]byte{0x83, 0}, 1002},
		"continuation":        {[]byte{0x80, 0}, 1002},
		"long control frame":  {[]byte{0x89, 126, 0, 200}, 1002},
		"bad UTF-8":           {[]byte{0x81, 2, 0xff, 0xff}, 1007},
		"close with one byte": {[]byte{0x88, 1, 3}, 1002},
		"close with 1006":     {wiretest.Close(1006, ""), 1002},
		"close, bad UTF-8":    {wiretest.Close(4000, "\xff"), 1007},
	}
	for name, c := range cases {
		r := newRig(t).ready()
		r.frames(c.bytes)
		r.want(lifecycle.Closing)
		if got, want := r.lastSent(), fmt.Sprintf("close %d", c.code); got != want {
			t.Errorf("%s: %s, want %s", name, got, want)
		}
		r.frames(c.bytes)
		r.frames([]byte(strings.Repeat("x", 1<<16)))
		if r.core.counter.Violations != 1 {
			t.Errorf("%s: counted %d times", name, r.core.counter.Violations)
		}
		if r.core.rest != nil {
			t.Errorf("%s: unreadable bytes are kept", name)
		}
		if r.core.state == lifecycle.Closing { // a second close frame ends it before the time
			r.timer()
		}
		r.want(lifecycle.Disconnected)
		if !r.core.session.resumable() {
			t.Errorf("%s: the session is gone", name)
		}
	}
}

// TestTooLarge: a payload over MaxPayload closes with 4000, is counted, resumed.
func TestTooLarge(t *testing.T) {
	r := newRig(t, func(c *settings) { c.Inflow.Limit = 1000 }).ready()
	r.frames(frame.AppendServerFrame(nil, frame.OpText, []byte(strings.Repeat(" ", 1001))))
	r.want(lifecycle.Closing)
	if r.lastSent() != "close 4000" || r.core.counter.Corrupt+r.core.counter.Violations != 1 {
		t.Errorf("%s; %+v", r.lastSent(), r.core.counter)
	}
	r.peerClose(4000, "")
	if r.core.nextStep() != "resume" {
		t.Error("the session is gone")
	}
}

// TestClosedEvent tells how connections end.
func TestClosedEvent(t *testing.T) {
	var got []lifecycle.Closed
	var states []lifecycle.StateChange
	watch := func(r *rig) *rig {
		got, states = nil, nil
		r.on(gateway.Events(gateway.EventClosed, gateway.EventStateChanged), func(ev *delivery) {
			if c, ok := ev.Closed(); ok {
				got = append(got, c)
			} else if s, ok := ev.StateChange(); ok {
				states = append(states, s)
			} else {
				t.Error("neither Closed nor StateChange")
			}
		})
		return r
	}
	r := watch(newRig(t)).ready()
	r.peerClose(4008, "slow down "+testToken)
	if len(got) != 1 || got[0] != (lifecycle.Closed{Code: 4008, Reason: "slow down [redacted]", By: lifecycle.ByGateway}) {
		t.Errorf("closed by the gateway: %+v", got)
	}
	last := states[len(states)-1]
	if last.From != lifecycle.Ready || last.To != lifecycle.Disconnected || last.Code != 4008 || last.Cause == nil || strings.Contains(last.Cause.Error(), testToken) {
		t.Errorf("state change %+v", last)
	}
	r = watch(newRig(t)).ready()
	r.fail(errReset)
	if len(got) != 1 || got[0] != (lifecycle.Closed{Code: 1006, Err: errReset}) {
		t.Errorf("reset: %+v", got)
	}
	r = watch(newRig(t)).ready()
	r.recv(`{"op":7}`)
	r.timer()
	if len(got) != 1 || got[0] != (lifecycle.Closed{Code: 4000, By: lifecycle.ByEngine, Err: errReconnect}) {
		t.Errorf("op 7: %+v", got)
	}
	r = watch(newRig(t)).ready()
	r.frames([]byte{0xf1, 0})
	r.timer() // no answer can be read
	if len(got) != 1 || got[0].Code != 1002 || got[0].By != lifecycle.ByEngine || got[0].Err == nil {
		t.Errorf("reserved bits: %+v", got)
	}
	r = watch(newRig(t)).ready()
	r.core.Depart(r.now, Shutdown)
	r.settle()
	r.fail(errReset)
	if len(got) != 1 || got[0] != (lifecycle.Closed{Code: 4000, By: lifecycle.ByUser, Err: Shutdown}) || got[0].By.String() != "user" {
		t.Errorf("shutdown: %+v", got)
	}
	r = watch(newRig(t))
	r.timer()
	r.fail(errReset)
	if len(got) != 0 {
		t.Errorf("a dial that failed was no connection: %+v", got)
	}
	if last := states[len(states)-1]; last.Attempts != 1 || last.Cause != errReset || last.Code != 0 {
		t.Errorf("state change %+v", last)
	}
}
