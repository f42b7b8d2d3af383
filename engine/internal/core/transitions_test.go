package core

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// This file makes testdata/transitions.txt: what a shard does in every situation
// on everything that can happen to it. inputs_test.go has what can.

// trial is a rig whose callbacks are watched, and what Send would do.
type trial struct {
	*rig
	told []string
	send string
}

func newTrial(t testing.TB) *trial {
	tr := &trial{rig: newRig(t), send: sendWaits}
	tr.enter = func(to lifecycle.State) {
		switch to {
		case lifecycle.Ready:
			tr.send = sendWrites
		case lifecycle.Stopped:
			tr.send = sendFails
		default:
			tr.send = sendWaits
		}
	}
	tr.on(gateway.AllDispatches(), func(ev *delivery) {
		if what := "deliver"; len(tr.told) == 0 || tr.told[len(tr.told)-1] != what {
			tr.told = append(tr.told, what)
		}
	})
	tr.on(gateway.Events(gateway.EventSessionLost, gateway.EventSessionResumed, gateway.EventGuildsReady), func(ev *delivery) {
		what := map[gateway.EventType]string{
			gateway.EventSessionLost: "tell what is lost", gateway.EventSessionResumed: "tell SessionResumed", gateway.EventGuildsReady: "tell GuildsReady",
		}[ev.Type]
		if lost, ok := ev.SessionLost(); ok && lost.To == 0 {
			what = "the session is lost"
		}
		tr.told = append(tr.told, what)
	})
	return tr
}

// situation is a state, with what makes a difference in it.
type situation struct {
	state lifecycle.State
	name  string // beside the state
	reach func(r *trial)
}

var situations = []situation{
	{lifecycle.Disconnected, "without a session", func(r *trial) { r.dial(); r.fail(errReset) }},
	{lifecycle.Disconnected, "with a session", func(r *trial) { r.ready(); r.fail(errReset) }},
	{lifecycle.Connecting, "without a session", func(r *trial) { r.timer() }},
	{lifecycle.Connecting, "with a session", func(r *trial) { r.ready(); r.fail(errReset); r.timer() }},
	{lifecycle.AwaitingHello, "without a session", func(r *trial) { r.dial() }},
	{lifecycle.AwaitingHello, "with a session", func(r *trial) { r.ready(); r.fail(errReset); r.dial() }},
	{lifecycle.Queued, "", func(r *trial) { r.dial(); r.recv(testHello) }},
	{lifecycle.Identifying, "", func(r *trial) { r.dial(); r.recv(testHello); r.permit() }},
	{lifecycle.Resuming, "", func(r *trial) { r.ready(); r.fail(errReset); r.back() }},
	{lifecycle.Resuming, "to fill a gap", func(r *trial) { r.ready(); r.event(4); r.back() }},
	{lifecycle.Ready, "", func(r *trial) { r.ready() }},
	{lifecycle.Ready, "guilds of READY are awaited", func(r *trial) {
		r.dial()
		r.recv(testHello)
		r.permit()
		r.recv(readyWith(`{"id":"11"}`))
	}},
	{lifecycle.Ready, "after a resume that did not fill the gap", func(r *trial) { r.ready(); r.event(4); r.back(); r.resumed(1) }},
	{lifecycle.Closing, "to redial", func(r *trial) { r.ready(); r.recv(`{"op":7}`) }},
	{lifecycle.Closing, "to redial, without a session", func(r *trial) { r.ready(); r.recv(`{"op":9,"d":false}`) }},
	{lifecycle.Closing, "to stop", func(r *trial) { r.ready(); r.core.Depart(r.now, Shutdown); r.settle() }},
	{lifecycle.Stopped, "", func(r *trial) { r.ready(); r.peerClose(4004, "") }},
}

// TestTransitions gives every input in every situation.
func TestTransitions(t *testing.T) {
	var doc strings.Builder
	doc.WriteString(transitionsHead)
	list := inputs()
	for _, s := range situations {
		title := s.state.String()
		if s.name != "" {
			title += ", " + s.name
		}
		doc.WriteString("\n" + title + "\n")
		var outcomes []string
		by := map[string][]string{}
		for _, in := range list {
			r := newTrial(t)
			s.reach(r)
			r.want(s.state)
			what := r.outcome(title, in)
			if by[what] == nil && what != nothing {
				outcomes = append(outcomes, what)
			}
			by[what] = append(by[what], in.name)
		}
		for _, what := range append(outcomes, nothing) {
			doc.WriteString("  " + what + "\n" + wrap(fold(by[what])))
		}
	}
	golden(t, "transitions", doc.String())
}

const nothing = "nothing"

const transitionsHead = `What a shard does, by its situation, on everything that can happen to it. Each
input stands once under each situation, below what follows from it:

  deliver          callbacks get the event
  not delivered    it is counted as a repeat
  close N          this side sends a close frame with that code
  answer           this side answers a close frame with the same code, or with the one named
  → State          the state that is entered
  then resume      what the next connection will do; then stop: there is none
  nothing          the state stays, nothing is sent or told

Written by the test TestTransitions; go test ./engine/internal/core -update writes it anew.
`

// fold draws together names that differ by a number at the end alone, as in "close
// 4000–4002, 4005", where they follow each other.
func fold(names []string) (folded []string) {
	var stem string // of the last name folded
	var last int
	for _, name := range names {
		space := strings.LastIndexByte(name, ' ')
		n, err := strconv.Atoi(name[space+1:])
		word := name[:max(space, 0)]
		if err != nil || word != stem || n <= last {
			folded = append(folded, name)
			stem, last = "", 0
			if err == nil {
				stem, last = word, n
			}
			continue
		}
		end := &folded[len(folded)-1]
		if n == last+1 {
			*end = strings.TrimSuffix(*end, fmt.Sprintf("–%d", last)) + fmt.Sprintf("–%d", n)
		} else {
			*end += fmt.Sprintf(", %d", n)
		}
		last = n
	}
	return folded
}

// wrap writes names, separated by semicolons, in lines of 100 columns.
func wrap(names []string) string {
	var text strings.Builder
	line := "     "
	for i, name := range names {
		if i < len(names)-1 {
			name += ";"
		}
		if len(line)+1+len(name) > 100 {
			text.WriteString(line + "\n")
			line = "     "
		}
		line += " " + name
	}
	return text.String() + line + "\n"
}

// outcome gives an input, and says what came of it.
func (r *trial) outcome(situation string, in input) string {
	from, changes := r.core.state, 0
	entered := r.enter
	r.enter = func(to lifecycle.State) { changes++; entered(to) }
	r.sent, r.dialed, r.told, r.hung = nil, nil, nil, 0
	before := r.core.counter
	said := in.give(r)
	r.invariants(situation + ": " + in.name)

	parts := r.told
	if r.core.counter.Repeats > before.Repeats {
		parts = append(parts, "not delivered")
	}
	if said != "" {
		parts = append(parts, said)
	}
	for _, sent := range r.sent {
		word := sent
		switch {
		case strings.HasPrefix(sent, `{"op":1,`):
			word = "heartbeat"
		case strings.HasPrefix(sent, `{"op":2,`):
			word = "identify"
		case strings.HasPrefix(sent, `{"op":6,`):
			word = "resume"
		case strings.HasPrefix(sent, "pong"):
			word = "pong"
		case sent == in.name:
			word = "answer"
		case strings.Contains(in.name, "close ") && r.core.state != lifecycle.Closing:
			word = strings.Replace(sent, "close", "answer", 1)
		}
		if !slices.Contains(parts, word) {
			parts = append(parts, word)
		}
	}
	to := r.core.state
	if changes > 0 {
		parts = append(parts, "→ "+to.String())
	}
	if (to == lifecycle.Closing || to == lifecycle.Disconnected) && (changes > 0 || in.command && from == lifecycle.Closing) {
		parts = append(parts, "then "+r.afterClosing())
	}
	if len(parts) == 0 {
		return nothing
	}
	return strings.Join(parts, ", ")
}

// invariants hold in every situation, whatever came.
func (r *trial) invariants(where string) {
	c := r.core
	if c.Next().IsZero() && c.state != lifecycle.Stopped && c.state != lifecycle.Connecting {
		r.t.Errorf("%s: %v waits for nothing\n%s", where, c.state, r.log.String())
	}
	if (c.state == lifecycle.Queued) != c.Wish.Permit {
		r.t.Errorf("%s: %v, a permit is wanted: %v", where, c.state, c.Wish.Permit)
	}
	if (c.state == lifecycle.Disconnected || c.state == lifecycle.Stopped) && (c.rest != nil || c.inflow.IsOpen()) {
		r.t.Errorf("%s: %v keeps what belonged to the connection", where, c.state)
	}
	if (c.state == lifecycle.Identifying || c.state == lifecycle.Queued) && c.session.resumable() {
		r.t.Errorf("%s: %v with a session", where, c.state)
	}
	if (c.state == lifecycle.Ready || c.state == lifecycle.Resuming) && !c.session.resumable() {
		r.t.Errorf("%s: %v without a session", where, c.state)
	}
}

// afterClosing finishes the close handshake and says what comes then.
func (r *trial) afterClosing() string {
	if r.core.state == lifecycle.Closing {
		r.peerClose(4000, "")
	}
	if r.core.state == lifecycle.Stopped {
		return "stop"
	}
	return r.core.nextStep()
}

// TestTransitionsAreWhole: no state, no opcode and no close code that has a name is missing in
// the table.
func TestTransitionsAreWhole(t *testing.T) {
	for state := lifecycle.Disconnected; state <= lifecycle.Stopped; state++ {
		if !slices.ContainsFunc(situations, func(s situation) bool { return s.state == state }) {
			t.Errorf("no situation in %v", state)
		}
	}
	var names []string
	for _, in := range inputs() {
		if slices.Contains(names, in.name) {
			t.Errorf("two inputs %q", in.name)
		}
		names = append(names, in.name)
	}
	has := func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool {
			return n == name || strings.HasPrefix(n, name+" ") || strings.HasPrefix(n, name+",")
		})
	}
	for op := gateway.Opcode(0); op < 255; op++ {
		if unnamed := fmt.Sprintf("Opcode %d", op); op.String() != unnamed && !has(fmt.Sprintf("op %d", op)) && !has(fmt.Sprintf("a client's or unknown op %d", op)) {
			t.Errorf("opcode %d, %v, is missing", op, op)
		}
	}
	for code := gateway.CloseCode(1); code < 5000; code++ {
		if code.String() != strconv.Itoa(int(code)) && !has(fmt.Sprintf("close %d", code)) {
			t.Errorf("close code %v is missing", code)
		}
	}
}

// TestEveryStateEnds: a gateway, a network or a queue that falls silent leaves no
// shard standing in any state, but for those that need nothing of them.
func TestEveryStateEnds(t *testing.T) {
	const beats = 2 * 41250 * time.Millisecond // the second one finds out
	limits := map[lifecycle.State]time.Duration{
		lifecycle.Disconnected:  backoffCap,
		lifecycle.AwaitingHello: helloTimeout,
		lifecycle.Queued:        beats, // a queue may take its time, its connection may not
		lifecycle.Identifying:   readyTimeout,
		lifecycle.Resuming:      readyTimeout,
		lifecycle.Ready:         beats,
		lifecycle.Closing:       CloseTimeout,
	}
	for _, s := range situations {
		limit, ok := limits[s.state]
		if !ok {
			// Connecting is ended by the dialer (TestDialDeadline); Stopped is the end.
			continue
		}
		r := newTrial(t)
		s.reach(r)
		begin := r.now
		for r.core.state == s.state {
			r.timer()
			if took := r.now.Sub(begin); took > limit {
				t.Fatalf("%v, %s: stands after %v\n%s", s.state, s.name, took, r.log.String())
			}
		}
	}
}
