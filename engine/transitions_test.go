package engine

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// situations are the states, with and without a session where that differs.
var situations = []struct {
	name  string
	state State
	reach func(r *rig)
}{
	{"Disconnected", Disconnected, func(r *rig) { r.ready(); r.fail(errReset) }},
	{"Connecting", Connecting, func(r *rig) { r.timer() }},
	{"AwaitingHello", AwaitingHello, func(r *rig) { r.dial() }},
	{"AwaitingHello+s", AwaitingHello, func(r *rig) { r.ready(); r.fail(errReset); r.dial() }},
	{"Queued", Queued, func(r *rig) { r.dial(); r.recv(testHello) }},
	{"Identifying", Identifying, func(r *rig) { r.dial(); r.recv(testHello); r.permit() }},
	{"Resuming", Resuming, func(r *rig) { r.ready(); r.fail(errReset); r.dial(); r.recv(testHello) }},
	{"Ready", Ready, func(r *rig) { r.ready() }},
	{"Closing", Closing, func(r *rig) { r.ready(); r.recv(`{"op":7}`) }},
	{"Stopped", Stopped, func(r *rig) { r.ready(); r.peerClose(4004, "") }},
}

type input struct {
	name string
	give func(r *rig)
}

// inputs is everything that can happen to a shard.
func inputs() []input {
	recv := func(payload string) func(*rig) { return func(r *rig) { r.recv(payload) } }
	list := []input{
		{"op 0 MESSAGE_CREATE", recv(`{"t":"MESSAGE_CREATE","s":2,"op":0,"d":{}}`)},
		{"op 0 READY", recv(strings.Replace(testReady, "abc", "def", 1))},
		{"op 0 READY again", recv(testReady)},
		{"op 0 READY without session", recv(`{"t":"READY","s":1,"op":0,"d":{}}`)},
		{"op 0 RESUMED", recv(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)},
		{"op 1", recv(`{"op":1,"d":null}`)},
		{"op 2 (of a client)", recv(`{"op":2,"d":{}}`)},
		{"op 7", recv(`{"op":7,"d":null}`)},
		{"op 9 true", recv(`{"op":9,"d":true}`)},
		{"op 9 false", recv(`{"op":9,"d":false}`)},
		{"op 9 without d", recv(`{"op":9}`)},
		{"op 10", recv(testHello)},
		{"op 10, interval 0", recv(`{"op":10,"d":{"heartbeat_interval":0}}`)},
		{"op 11", recv(testAck)},
		{"op 12345", recv(`{"op":12345,"d":{}}`)},
		{"bad envelope", recv(`{"op":"x"}`)},
		{"not UTF-8", recv("{\"op\":11,\"d\":\"\xff\"}")},
		{"reserved bits", func(r *rig) { r.frames([]byte{0xf1, 0}) }},
		{"ping", func(r *rig) { r.frames(frame.AppendServerFrame(nil, frame.OpPing, []byte("p"))) }},
		{"pong", func(r *rig) { r.frames(frame.AppendServerFrame(nil, frame.OpPong, nil)) }},
		{"close without code", func(r *rig) { r.peerClose(0, "") }},
		{"close 1005 (forbidden)", func(r *rig) { r.peerClose(1005, "") }},
		{"end of file", func(r *rig) { r.fail(io.EOF) }},
		{"next timer", func(r *rig) {
			if !r.core.next().IsZero() {
				r.timer()
			}
		}},
		{"a silent minute", func(r *rig) {
			for end := r.now.Add(time.Minute); ; {
				next := r.core.next()
				if next.IsZero() || next.After(end) {
					break
				}
				r.timer()
			}
		}},
		{"connected", func(r *rig) {
			if r.core.state == Connecting { // an errand that was called off is discarded
				r.connect()
			}
		}},
		{"permit", func(r *rig) { r.permit() }},
		{"shutdown", func(r *rig) { r.core.shutdown(r.now); r.settle() }},
	}
	for code := uint16(4000); code <= 4014; code++ {
		list = append(list, input{fmt.Sprintf("close %d", code), func(r *rig) { r.peerClose(code, "why") }})
	}
	for _, code := range []uint16{1000, 1001, 1011, 1012, 3000, 4999} {
		list = append(list, input{fmt.Sprintf("close %d", code), func(r *rig) { r.peerClose(code, "") }})
	}
	return list
}

// TestTransitions gives every input in every situation: testdata/transitions.txt
// is the table of what follows. A cell says the state that was entered, and
// "(resume)" or "(identify)" what the next connection will do.
func TestTransitions(t *testing.T) {
	var table strings.Builder
	fmt.Fprintf(&table, "%-28s", "")
	for _, s := range situations {
		fmt.Fprintf(&table, "%-24s", s.name)
	}
	for _, in := range inputs() {
		fmt.Fprintf(&table, "\n%-28s", in.name)
		for _, s := range situations {
			fmt.Fprintf(&table, "%-24s", transition(t, s.name, s.state, s.reach, in))
		}
	}
	var lines []string
	for line := range strings.SplitSeq(table.String(), "\n") {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	golden(t, "transitions", strings.Join(lines, "\n")+"\n")
}

func transition(t *testing.T, name string, from State, reach func(*rig), in input) string {
	r := newRig(t)
	reach(r)
	r.want(from)
	in.give(r)
	c := r.core
	// Whatever happened, the shard waits for something that comes, or is over.
	switch {
	case c.state == Stopped:
	case c.state == Connecting:
	case c.next().IsZero():
		t.Errorf("%s, %s: %v waits for nothing\n%s", name, in.name, c.state, r.log.String())
	}
	if c.state == Queued && !c.wish.permit {
		t.Errorf("%s, %s: Queued without asking for a permit", name, in.name)
	}
	if c.state != Queued && c.wish.permit {
		t.Errorf("%s, %s: %v asks for a permit", name, in.name, c.state)
	}
	if (c.state == Disconnected || c.state == Stopped) && (c.rest != nil || c.inflow.stream != nil) {
		t.Errorf("%s, %s: %v keeps what belonged to the connection", name, in.name, c.state)
	}
	if c.state == from && from != Closing {
		return "·"
	}
	cell := c.state.String()
	if c.state == Closing || c.state == Disconnected {
		cell += " (" + afterClosing(r) + ")"
	}
	return cell
}

// afterClosing finishes the close handshake and says what comes then.
func afterClosing(r *rig) string {
	if r.core.state == Closing {
		r.peerClose(4000, "")
	}
	if r.core.state == Stopped {
		return "stop"
	}
	return r.core.nextStep()
}

// TestCloseCodes holds what the engine does against the decision of every code,
// in the state in which it matters most.
func TestCloseCodes(t *testing.T) {
	for code := uint16(4000); code <= 4014; code++ {
		r := newRig(t).ready()
		r.event(2)
		r.after(time.Minute)
		r.peerClose(code, "reason")
		switch want := gateway.CloseCode(code).Decision(); {
		case want == gateway.DecisionStop:
			r.want(Stopped)
			stop, ok := r.core.stop.(*StopError)
			if !ok || stop.Code != gateway.CloseCode(code) || !strings.Contains(stop.Error(), gateway.CloseCode(code).Remedy()) {
				t.Errorf("%d: stopped with %v", code, r.core.stop)
			}
		default:
			r.want(Disconnected)
			if got := r.core.session.resumable(); got != (want == gateway.DecisionResume) {
				t.Errorf("%d: session kept: %v, want %v", code, got, want)
			}
		}
		if got := r.lastSent(); got != fmt.Sprintf("close %d", code) {
			t.Errorf("%d was answered by %q", code, got)
		}
	}
}

// TestPain11_OneTableThatTheUserOverrides: Config.OnClose has the last word.
func TestPain11_OneTableThatTheUserOverrides(t *testing.T) {
	r := newRig(t, func(c *Config) {
		c.OnClose = func(code gateway.CloseCode) gateway.Decision {
			if code == 4000 {
				return gateway.DecisionStop
			}
			return gateway.DecisionIdentify
		}
	}).ready()
	r.peerClose(4008, "")
	if r.core.session.resumable() {
		t.Error("OnClose said identify, the session was kept")
	}
	r = newRig(t, func(c *Config) {
		c.OnClose = func(gateway.CloseCode) gateway.Decision { return gateway.DecisionStop }
	}).ready()
	r.peerClose(4008, "")
	r.want(Stopped)
}

// TestPain10_NeverClosesWith1000: neither our own closes nor the echo of the
// gateway's may end the session.
func TestPain10_NeverClosesWith1000(t *testing.T) {
	for _, s := range situations {
		for _, in := range inputs() {
			r := newRig(t)
			s.reach(r)
			in.give(r)
			for _, sent := range r.sent {
				if sent == "close 1000" || sent == "close 1001" {
					t.Errorf("%s, %s: sent %q", s.name, in.name, sent)
				}
			}
		}
	}
}
