package core

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// told collects, in order, what callbacks learn of a session: the sequences of
// events, losses, resumes, and the states that are entered.
func told(r *rig) *[]string {
	list := new([]string)
	add := func(format string, args ...any) { *list = append(*list, fmt.Sprintf(format, args...)) }
	events := gateway.AllDispatches().Union(gateway.Events(
		gateway.EventSessionLost, gateway.EventSessionResumed, gateway.EventStateChanged))
	r.on(events, func(ev *delivery) {
		switch ev.Type {
		case gateway.EventSessionLost:
			lost, ok := ev.SessionLost()
			if !ok || lost.Session == "" || lost.Cause == nil {
				r.t.Errorf("SessionLost tells %+v", lost)
			}
			add("lost %d-%d", lost.From, lost.To)
		case gateway.EventSessionResumed:
			back, _ := ev.SessionResumed()
			add("resumed from %d, %d replayed", back.From, back.Replayed)
		case gateway.EventStateChanged:
			if change, _ := ev.StateChange(); change.To != lifecycle.Connecting && change.To != lifecycle.AwaitingHello {
				add("%v", change.To)
			}
		default:
			add("%d", ev.Seq)
		}
	})
	return list
}

// wantTold compares what was told with words separated by semicolons.
func wantTold(t *testing.T, list *[]string, want string) {
	t.Helper()
	if got := strings.Join(*list, "; "); got != want {
		t.Errorf("told  %s\nwant  %s", got, want)
	}
	*list = nil
}

// back answers the close frame and brings the rig to Resuming.
func (r *rig) back() {
	r.t.Helper()
	if r.core.state == lifecycle.Closing {
		r.peerClose(4000, "")
	}
	r.dial()
	r.recv(testHello)
	r.want(lifecycle.Resuming)
}

func (r *rig) resumed(seq int64) {
	r.recv(fmt.Sprintf(`{"t":"RESUMED","s":%d,"op":0,"d":{}}`, seq))
}

// TestGap: what was skipped is fetched by a resume; nothing behind the gap is
// delivered before.
func TestGap(t *testing.T) {
	r := newRig(t).ready()
	list := told(r)
	r.event(2)
	r.event(5)
	r.event(6) // in the same read, or before the gateway sees the close frame
	if r.lastSent() != "close 4000" {
		t.Errorf("sent %s", r.lastSent())
	}
	r.back()
	if !strings.Contains(r.lastSent(), `"seq":2`) {
		t.Errorf("resumed with %s", r.lastSent())
	}
	for seq := int64(3); seq <= 6; seq++ {
		r.event(seq)
	}
	r.resumed(7)
	r.event(8)
	wantTold(t, list, "2; Closing; Disconnected; Resuming; 3; 4; 5; 6; Ready; 7; resumed from 3, 4 replayed; 8")
	if c := r.core.counter; c.Gaps != 1 || c.Missing != 0 || c.SessionsLost != 0 || c.Resumed != 1 || c.Replayed != 4 {
		t.Errorf("%+v", c)
	}
}

// TestGapThatStays is accepted when the resume meets it again, and announced
// before delivery goes on. Another gap has a try of its own.
func TestGapThatStays(t *testing.T) {
	r := newRig(t).ready()
	list := told(r)
	r.event(4)
	r.back()
	r.event(4)
	r.resumed(5)
	r.event(6)
	wantTold(t, list, "Closing; Disconnected; Resuming; lost 2-3; 4; Ready; 5; resumed from 2, 1 replayed; 6")
	r.event(10)
	r.back()
	r.event(9) // 7 and 8 stay away, 9 has come: the gap is another, but begins at the same place
	r.event(10)
	r.resumed(10)
	wantTold(t, list, "Closing; Disconnected; Resuming; lost 7-8; 9; 10; Ready; 10; resumed from 7, 2 replayed")
	r.resumed(12) // unasked, and behind a gap
	r.back()
	r.resumed(12)
	r.event(13)
	wantTold(t, list, "Closing; Disconnected; Resuming; lost 11-12; Ready; 12; resumed from 11, 0 replayed; 13")
	if c := r.core.counter; c.Gaps != 3 || c.Missing != 6 || c.SessionsLost != 0 {
		t.Errorf("%+v", c)
	}
}

// TestGapsInReplays: each is tried once, and a session whose replays go on, gap by
// gap, is not taken for one that does not answer.
func TestGapsInReplays(t *testing.T) {
	r := newRig(t).ready()
	list := told(r)
	r.fail(errReset)
	*list = nil
	seq := int64(1)
	for range 2 * maxResumes {
		r.back()
		r.event(seq + 2)
		r.want(lifecycle.Closing)
		r.back()
		r.event(seq + 2) // the gap stays
		seq += 2
		r.want(lifecycle.Resuming)
		r.fail(errReset)
	}
	r.back()
	r.resumed(seq)
	r.want(lifecycle.Ready)
	c := r.core.counter
	if c.Gaps != 2*maxResumes || c.Missing != 2*maxResumes || c.SessionsLost != 0 || c.Identifies != 1 {
		t.Errorf("%+v", c)
	}
	if last := (*list)[len(*list)-1]; last != fmt.Sprintf("resumed from 2, %d replayed", 2*maxResumes) {
		t.Errorf("last: %s", last)
	}
}

// TestResumesThatAnswer: a session whose resumes bring something, be it one event
// or the news of a gap, is not given up, and its URL is not left.
func TestResumesThatAnswer(t *testing.T) {
	r := newRig(t).ready()
	r.fail(errReset)
	for seq := range int64(3 * maxResumes) {
		r.back()
		if r.lastDial() != "wss://us-east1-b.discord.gg/?v=10&encoding=json" {
			t.Fatalf("dialled %s", r.lastDial())
		}
		r.event(seq + 2)
		r.fail(errReset)
	}
	r = newRig(t).ready()
	r.fail(errReset)
	for range maxResumes - 1 {
		r.back()
		r.fail(errReset)
	}
	r.back()
	r.resumed(5) // behind a gap
	for range maxResumes - 1 {
		r.back()
		r.fail(errReset)
	}
	r.back()
	r.resumed(5)
	r.want(lifecycle.Ready)
}

// TestJump: a number that cannot be does not wedge the shard, nor is it taken
// over.
func TestJump(t *testing.T) {
	for _, jump := range []int64{1 << 53, math.MaxInt64, maxGap + 3} {
		r := newRig(t).ready()
		list := told(r)
		r.event(jump)
		r.back()
		r.event(jump)
		wantTold(t, list, "Closing; Disconnected; Resuming; lost 2-0; Closing")
		r.peerClose(4000, "")
		r.dial()
		r.recv(testHello)
		r.permit()
		r.recv(testReady)
		r.event(2)
		wantTold(t, list, "Disconnected; Queued; Identifying; Ready; 1; 2")
	}
	r := newRig(t).ready()
	list := told(r)
	r.event(maxGap + 2) // the longest gap that is believed
	r.back()
	r.event(maxGap + 2)
	wantTold(t, list, fmt.Sprintf("Closing; Disconnected; Resuming; lost 2-%d; %d", maxGap+1, maxGap+2))

	r = newRig(t)
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(strings.Replace(testReady, `"s":1`, `"s":9007199254740992`, 1))
	r.want(lifecycle.Closing)
}

// TestCountsAnew: a gateway whose numbers go back, and stay, is not listened to
// for ever in vain: the session is resumed, and then given up.
func TestCountsAnew(t *testing.T) {
	r := newRig(t).ready()
	for seq := int64(2); seq <= 10; seq++ {
		r.event(seq)
	}
	list := told(r)
	again := func() {
		for range maxRepeats {
			r.event(3)
		}
		r.want(lifecycle.Ready)
		r.event(4)
		r.want(lifecycle.Closing)
	}
	again()
	r.back()
	r.event(9) // a replay may begin earlier
	r.resumed(10)
	again()
	wantTold(t, list, "Closing; Disconnected; Resuming; Ready; 10; resumed from 11, 0 replayed; lost 11-0; Closing")
	if c := r.core.counter; c.Repeats != 2*(maxRepeats+1)+1 || c.SessionsLost != 1 {
		t.Errorf("%+v", c)
	}
	// An event in between ends the row.
	r = newRig(t).ready()
	for i := range int64(3) {
		for range maxRepeats {
			r.event(1)
		}
		r.event(i + 2)
	}
	r.want(lifecycle.Ready)
}

// TestUnnumbered: a dispatch without a sequence is delivered, and leaves the
// ledger alone.
func TestUnnumbered(t *testing.T) {
	r := newRig(t).ready()
	list := told(r)
	r.recv(`{"t":"MESSAGE_CREATE","s":null,"op":0,"d":{}}`)
	r.recv(`{"t":"MESSAGE_CREATE","op":0,"d":{}}`)
	r.event(2)
	wantTold(t, list, "0; 0; 2")
	// A READY without a number: the ledger begins with the first event that has one.
	r = newRig(t)
	list = told(r)
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(strings.Replace(testReady, `"s":1`, `"s":null`, 1))
	r.event(7)
	r.event(9)
	wantTold(t, list, "Queued; Identifying; Ready; 0; 7; Closing")
}

// TestEventsBeforeReady: what a gateway sends to a connection that is not yet the
// session's own does not count as the session's.
func TestEventsBeforeReady(t *testing.T) {
	r := newRig(t)
	list := told(r)
	r.dial()
	r.recv(testHello)
	r.permit()
	r.event(1)
	r.event(5)
	if r.recv(`{"op":1}`); r.lastSent() != `{"op":1,"d":null}` {
		t.Errorf("before READY sent %s", r.lastSent())
	}
	r.recv(strings.Replace(testReady, `"s":1`, `"s":6`, 1))
	r.event(7)
	wantTold(t, list, "Queued; Identifying; 1; 5; Ready; 6; 7")
	r.fail(errReset)
	r.dial()
	r.event(8) // before the resume: it must not be counted, for the replay brings it
	r.want(lifecycle.Closing)
	r.back()
	r.event(8)
	r.want(lifecycle.Resuming)
	if got := r.core.session.Seq; got != 8 {
		t.Errorf("sequence %d", got)
	}
	if r.core.counter.Events != 5 || r.core.counter.Repeats != 0 {
		t.Errorf("%+v", r.core.counter)
	}
}

// TestSessionLost: wherever a session cannot be resumed, it is said once, before
// the state that follows, with the first sequence that may be missing.
func TestSessionLost(t *testing.T) {
	resuming := func(r *rig) { r.fail(errReset); r.back() }
	tests := map[string]struct {
		play  func(r *rig)
		cause error  // one of them, if it is a known one
		then  string // told after the loss
	}{
		"op 9 false, ready":    {func(r *rig) { r.recv(`{"op":9,"d":false}`) }, errInvalidSession, "Closing; Disconnected"},
		"op 9 false, resuming": {func(r *rig) { resuming(r); r.recv(`{"op":9,"d":false}`) }, errInvalidSession, "Closing; Disconnected"},
		"op 9 false, before hello": {func(r *rig) {
			r.fail(errReset)
			r.dial()
			r.recv(`{"op":9,"d":false}`)
		}, errInvalidSession, "Closing; Disconnected"},
		"close 4001":           {func(r *rig) { r.peerClose(4001, "") }, nil, "Disconnected"},
		"close 4003":           {func(r *rig) { r.peerClose(4003, "") }, nil, "Disconnected"},
		"close 4007, resuming": {func(r *rig) { resuming(r); r.peerClose(4007, "") }, nil, "Disconnected"},
		"close 4009, resuming": {func(r *rig) { resuming(r); r.peerClose(4009, "") }, nil, "Disconnected"},
		"close 4004":           {func(r *rig) { r.peerClose(4004, "") }, nil, "Stopped"},
		"close 4014, resuming": {func(r *rig) { resuming(r); r.peerClose(4014, "") }, nil, "Stopped"},
		"another session": {func(r *rig) {
			resuming(r)
			r.recv(strings.Replace(testReady, "abc", "def", 1))
			r.event(2)
		}, errOtherSession, "Ready; 1; 2"},
		"another session, unasked": {func(r *rig) {
			r.recv(strings.Replace(testReady, "abc", "def", 1))
		}, errOtherSession, "Ready; 1"},
		"resumes without an answer": {func(r *rig) {
			r.fail(errReset)
			r.unanswered()
		}, errUnanswered, "Disconnected"},
		"resumes without an answer, in time": {func(r *rig) {
			r.fail(errReset)
			for range maxResumes {
				r.back()
				for r.core.state == lifecycle.Resuming || r.core.state == lifecycle.Closing {
					r.timer()
				}
			}
		}, errResumedTimeout, "Disconnected"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var losses []lifecycle.SessionLost
			r := newRig(t).ready()
			for seq := int64(2); seq <= 7; seq++ {
				r.event(seq)
			}
			list := told(r)
			r.on(gateway.Events(gateway.EventSessionLost), func(ev *delivery) {
				lost, _ := ev.SessionLost()
				losses = append(losses, lost)
			})
			test.play(r)
			if r.core.state == lifecycle.Closing {
				r.peerClose(4000, "")
			}
			if len(losses) != 1 || losses[0].Session != "abc" || losses[0].From != 8 || losses[0].To != 0 ||
				test.cause != nil && !errors.Is(losses[0].Cause, test.cause) {
				t.Fatalf("lost %+v", losses)
			}
			_, after, _ := strings.Cut(strings.Join(*list, "; "), "lost 8-0; ")
			if after != test.then {
				t.Errorf("then %s, want %s", after, test.then)
			}
			if r.core.counter.SessionsLost != 1 || r.core.counter.Missing != 0 {
				t.Errorf("%+v", r.core.counter)
			}
			if r.core.session.ID == "abc" {
				t.Error("the session is kept")
			}
		})
	}
	t.Run("id too long", func(t *testing.T) {
		r := newRig(t)
		r.dial()
		r.recv(testHello)
		r.permit()
		r.recv(strings.Replace(testReady, "abc", strings.Repeat("x", 5000), 1))
		list := told(r)
		r.fail(errReset)
		r.dial()
		r.recv(testHello)
		wantTold(t, list, "Disconnected; lost 2-0; Closing")
	})
}

// TestSessionNotLost: what lives on, and what never was, is not announced.
func TestSessionNotLost(t *testing.T) {
	stop := func(c *settings) {
		c.OnClose = func(gateway.CloseCode) gateway.Decision { return gateway.DecisionStop }
	}
	tests := map[string]struct {
		edit func(*settings)
		play func(r *rig)
		kept bool
	}{
		"no session yet": {nil, func(r *rig) {
			r.dial()
			r.recv(testHello)
			r.permit()
			r.recv(`{"op":9,"d":false}`)
			r.peerClose(4000, "")
			r.dial()
			r.peerClose(4009, "")
		}, false},
		"shutdown":          {nil, func(r *rig) { r.ready(); r.core.Depart(r.now, Shutdown); r.settle(); r.peerClose(4000, "") }, true},
		"shutdown, backoff": {nil, func(r *rig) { r.ready(); r.fail(errReset); r.core.Depart(r.now, Shutdown); r.settle() }, true},
		"op 9 true":         {nil, func(r *rig) { r.ready(); r.recv(`{"op":9,"d":true}`); r.peerClose(4009, "") }, true},
		"zombie":            {nil, func(r *rig) { r.ready(); r.timer(); r.timer() }, true},
		"retries used up": {func(c *settings) { c.Retries = 1 }, func(r *rig) {
			r.ready()
			r.recv(testAck)
			r.fail(errReset)
			r.timer()
			r.fail(errReset)
			r.timer()
			r.fail(errReset)
		}, true},
		"the user says stop": {stop, func(r *rig) { r.ready(); r.peerClose(4000, "") }, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var edits []func(*settings)
			if test.edit != nil {
				edits = append(edits, test.edit)
			}
			r := newRig(t, edits...)
			r.on(gateway.Events(gateway.EventSessionLost), func(*delivery) { t.Error("announced") })
			test.play(r)
			if r.core.session.resumable() != test.kept || r.core.counter.SessionsLost != 0 {
				t.Errorf("session %+v, %+v\n%s", r.core.session, r.core.counter, r.log.String())
			}
		})
	}
}

// TestSessionResumed counts over all connections that it took, and from where.
func TestSessionResumed(t *testing.T) {
	r := newRig(t).ready()
	list := told(r)
	r.event(2)
	r.fail(errReset)
	r.back()
	r.event(3)
	r.event(4)
	r.fail(errReset)
	r.back()
	r.event(5)
	r.resumed(6)
	wantTold(t, list, "2; Disconnected; Resuming; 3; 4; Disconnected; Resuming; 5; Ready; 6; resumed from 3, 3 replayed")
	r.fail(errReset)
	r.back()
	r.resumed(7)
	wantTold(t, list, "Disconnected; Resuming; Ready; 7; resumed from 7, 0 replayed")
}

// TestGapWaits: a gap on a connection that was ready for a while is filled at
// once; a gateway that skips at once, each time, is not resumed in a loop.
func TestGapWaits(t *testing.T) {
	r := newRig(t).ready()
	r.after(time.Minute)
	r.event(3)
	r.peerClose(4000, "")
	if wait := r.core.Next().Sub(r.now); wait != 0 {
		t.Errorf("%v before the resume", wait)
	}
	r = newRig(t).ready()
	r.event(3)
	r.peerClose(4000, "")
	if wait := r.core.Next().Sub(r.now); wait != backoffBase/2 {
		t.Errorf("%v before the resume", wait)
	}
}

// TestAttempts: the change to Ready tells how many connections it took, and every
// change the code of the last close.
func TestAttempts(t *testing.T) {
	r := newRig(t)
	var got []string
	r.on(gateway.Events(gateway.EventStateChanged), func(ev *delivery) {
		change, _ := ev.StateChange()
		got = append(got, fmt.Sprintf("%v %d %d", change.To, change.Attempts, change.Code))
	})
	r.timer()
	r.fail(errReset)
	r.ready()
	r.peerClose(4000, "")
	r.dial()
	r.fail(errReset)
	want := []string{
		"Connecting 1 0", "Disconnected 1 0", "Connecting 2 0", "AwaitingHello 2 0", "Queued 2 0",
		"Identifying 2 0", "Ready 2 0", "Disconnected 0 4000", "Connecting 1 4000", "AwaitingHello 1 4000", "Disconnected 1 1006",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%v\nwant %v", got, want)
	}
}

// TestLedgerAllocatesNothing, once the guilds are ready, whatever callbacks want
// to be told.
func TestLedgerAllocatesNothing(t *testing.T) {
	if pool.Poisoning {
		t.Skip("race builds give nothing back to pools")
	}
	r := newRig(t)
	r.on(gateway.AllDispatches().Union(gateway.Events(gateway.EventSessionLost,
		gateway.EventSessionResumed, gateway.EventGuildsReady, gateway.EventStateChanged, gateway.EventClosed)), func(*delivery) {})
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(readyWith(threeGuilds))
	r.guild(create, "2", "11")
	r.guild(outage, "3", "12")
	r.guild(kicked, "4", "13")
	r.fail(errReset)
	r.back()
	var feeds [][]byte
	for seq := range 1200 {
		feeds = append(feeds, frame.AppendServerFrame(nil, frame.OpText, []byte(wiretest.Event(seq+5))))
	}
	i := 0
	feed := func() {
		r.core.Feed(r.now, feeds[i])
		i++
	}
	if allocs := testing.AllocsPerRun(500, feed); allocs != 0 {
		t.Errorf("%v allocations for a replayed event", allocs)
	}
	r.resumed(int64(i + 5))
	i++
	if allocs := testing.AllocsPerRun(500, feed); allocs != 0 || r.core.state != lifecycle.Ready {
		t.Errorf("%v allocations for an event, %v", allocs, r.core.state)
	}
}
