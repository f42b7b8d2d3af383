package core

import (
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// Tests named TestPainFound are about faults that nobody reported, and that other
// clients have in their code all the same.

// TestPainFound_OneBitForEachName: a callback that asks for one event gets no other.
func TestPainFound_OneBitForEachName(t *testing.T) {
	all := gateway.AllDispatches()
	for event := range all.All() {
		if event == gateway.EventUnknown {
			continue
		}
		r := newRig(t).ready()
		r.fail(errReset)
		r.back() // where READY and RESUMED are events to deliver
		var got []gateway.EventType
		r.on(gateway.Events(event), func(ev *delivery) { got = append(got, ev.Type) })
		seq := int64(2)
		for other := range all.All() {
			if other != gateway.EventUnknown && other != gateway.EventReady && other != gateway.EventResumed {
				r.recv(strings.Replace(wiretest.Event(int(seq)), "MESSAGE_CREATE", other.String(), 1))
				seq++
			}
		}
		r.resumed(seq)
		r.recv(strings.Replace(testReady, "abc", "def", 1))
		if len(got) != 1 || got[0] != event {
			t.Errorf("asked for %v, got %v", event, got)
		}
	}
}

// TestPainFound_HeartbeatsNeedNobody: they go on while nobody receives, sends or
// calls anything, whatever the connection waits for.
func TestPainFound_HeartbeatsNeedNobody(t *testing.T) {
	for _, s := range situations {
		if s.state < lifecycle.Queued || s.state > lifecycle.Ready {
			continue
		}
		r := newTrial(t)
		s.reach(r)
		r.sent = nil
		r.core.deadline = time.Time{} // the heartbeats alone
		for beats := range 5 {
			r.timer()
			if !strings.HasPrefix(r.lastSent(), `{"op":1,`) || len(r.sent) != beats+1 {
				t.Fatalf("%v, %s: sent %q", s.state, s.name, r.sent)
			}
			r.recv(testAck)
		}
	}
}

// TestPainFound_OpcodeOneIsAnswered at once, wherever there is a connection, and
// without disturbing the rhythm.
func TestPainFound_OpcodeOneIsAnswered(t *testing.T) {
	for _, s := range situations {
		if !s.state.Connected() {
			continue
		}
		r := newTrial(t)
		s.reach(r)
		due := r.core.Next()
		r.sent = nil
		r.recv(`{"op":1,"d":null}`)
		if len(r.sent) != 1 || !strings.HasPrefix(r.lastSent(), `{"op":1,`) || !r.core.Next().Equal(due) {
			t.Errorf("%v, %s: sent %q; next %v, was %v", s.state, s.name, r.sent, r.core.Next(), due)
		}
	}
}

// TestPainFound_IdentifyGoesToTheFirstURL, however the session ended.
func TestPainFound_IdentifyGoesToTheFirstURL(t *testing.T) {
	for _, s := range situations {
		for _, in := range inputs() {
			r := newTrial(t)
			s.reach(r)
			in.give(r)
			for range 100 { // up to the next dial
				if r.core.state == lifecycle.Stopped || r.core.state == lifecycle.Connecting || r.core.state == lifecycle.Ready {
					break
				}
				r.timer()
			}
			if r.core.state != lifecycle.Connecting {
				continue
			}
			resumes := strings.HasPrefix(r.lastDial(), "wss://us-east1-b.discord.gg")
			if resumes != r.core.session.resumable() {
				t.Errorf("%v, %s, %s: session %q, dials %s", s.state, s.name, in.name, r.core.session.ID, r.lastDial())
			}
		}
	}
}

// TestPainFound_NoSessionAfter4007 or 4009: what the gateway has forgotten is not
// resumed, in whatever state it says so.
func TestPainFound_NoSessionAfter4007(t *testing.T) {
	for _, code := range []uint16{4007, 4009} {
		for _, s := range situations {
			if !s.state.Connected() {
				continue
			}
			r := newTrial(t)
			s.reach(r)
			r.peerClose(code, "")
			if r.core.session.resumable() {
				t.Errorf("%v, %s: the session is kept after %d", s.state, s.name, code)
			}
		}
	}
}

// TestPain02_OneReconnectAtATime: however many reasons there are to redial, there
// is one dial.
func TestPain02_OneReconnectAtATime(t *testing.T) {
	r := newRig(t).ready()
	r.recv(testAck)
	r.recv(`{"op":7}`)
	r.recv(`{"op":9,"d":true}`)
	r.recv(`{`)
	r.peerClose(4000, "")
	r.peerClose(4009, "")
	r.fail(errReset)
	r.fail(errReset)
	before := len(r.dialed)
	r.timer()
	r.advance()
	r.fail(errReset)
	r.fail(errReset)
	if n := len(r.dialed) - before; n != 1 || r.hung != 2 {
		t.Errorf("%d dials, hung up %d times\n%s", n, r.hung, r.log.String())
	}
	if r.core.redial.failures != 1 {
		t.Errorf("counted %d failures", r.core.redial.failures)
	}
}
