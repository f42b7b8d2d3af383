package core

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// narrate writes down what callbacks get.
func (r *rig) narrate() {
	events := gateway.AllDispatches().Union(gateway.Events(gateway.EventClosed,
		gateway.EventSessionLost, gateway.EventSessionResumed, gateway.EventGuildsReady))
	r.on(events, func(ev *delivery) {
		switch ev.Type {
		case gateway.EventClosed:
			c, _ := ev.Closed()
			r.note("  tell", "%s %d by %v", ev.Name(), c.Code, c.By)
		case gateway.EventSessionLost:
			lost, _ := ev.SessionLost()
			to := "on"
			if lost.To > 0 {
				to = fmt.Sprintf("to %d", lost.To)
			}
			r.note("  tell", "%s %s from %d %s: %s", ev.Name(), lost.Session, lost.From, to, strings.ReplaceAll(lost.Cause.Error(), "\n", "; "))
		case gateway.EventSessionResumed:
			back, _ := ev.SessionResumed()
			r.note("  tell", "%s %s from %d on, %d replayed", ev.Name(), back.Session, back.From, back.Replayed)
		case gateway.EventGuildsReady:
			all, _ := ev.GuildsReady()
			r.note("  tell", "%s %d: %d available, %d unavailable, %d removed, %d missing",
				ev.Name(), all.Guilds, all.Available, all.Unavailable, all.Removed, all.Missing)
		default:
			what := ""
			if ev.Replayed {
				what = ", replayed"
			}
			r.note("  deliver", "%s %d%s", ev.Name(), ev.Seq, what)
		}
	})
}

// The transcripts in testdata show what a shard does. Each line has the time, on
// its first line, and then what came (receive, error, connected, permit), what
// state the shard entered, and, indented, what it wants done, and what callbacks
// get: events that are delivered, and what they are told beside. The random parts
// of waits are one half of what they can be.
func TestTranscripts(t *testing.T) {
	scripts := []struct {
		name string
		play func(r *rig)
		edit func(*settings)
	}{
		{name: "connect", play: func(r *rig) {
			r.dial()
			r.after(100 * time.Millisecond)
			r.recv(testHello)
			r.after(2 * time.Second)
			r.permit()
			r.after(300 * time.Millisecond)
			r.recv(testReady)
			r.event(2)
			r.timer() // the first heartbeat
			r.after(50 * time.Millisecond)
			r.recv(testAck)
			r.recv(`{"t":null,"s":null,"op":1,"d":null}`)
			r.timer()
		}},
		{name: "resume", play: func(r *rig) {
			r.ready()
			r.event(2)
			r.after(10 * time.Second)
			r.fail(errReset)
			r.dial()
			r.recv(testHello)
			r.event(3)
			r.event(4)
			r.recv(`{"t":"RESUMED","s":4,"op":0,"d":{}}`)
			r.event(5)
		}},
		{name: "reconnect-before-hello", play: func(r *rig) {
			r.ready()
			r.after(10 * time.Second)
			r.fail(errReset)
			r.dial()
			r.recv(`{"t":null,"s":null,"op":7,"d":null}`)
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
		}},
		{name: "invalid-session-resumable", play: func(r *rig) {
			r.ready()
			r.after(10 * time.Second)
			r.recv(`{"t":null,"s":null,"op":9,"d":true}`)
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
		}},
		{name: "invalid-session", play: func(r *rig) {
			r.ready()
			r.after(10 * time.Second)
			r.fail(errReset)
			r.dial()
			r.recv(testHello)
			r.recv(`{"t":null,"s":null,"op":9,"d":false}`)
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
			r.permit()
			r.recv(testReady)
		}},
		{name: "zombie", play: func(r *rig) {
			r.ready()
			r.timer() // a heartbeat that nobody answers
			r.timer() // the next is due: nothing came in between
			r.timer() // nor is the close frame answered
			r.dial()
			r.recv(testHello)
		}},
		{name: "resume-url-unreachable", play: func(r *rig) {
			r.ready()
			r.after(10 * time.Second)
			r.fail(errReset)
			refused := errors.New("connection refused")
			r.timer()
			r.fail(refused)
			r.timer()
			r.fail(refused)
			r.dial()
			r.recv(testHello)
			r.recv(`{"t":"RESUMED","s":1,"op":0,"d":{}}`)
			r.fail(errReset)
			r.timer() // the resume URL has a chance again
		}},
		{name: "retries-used-up", edit: func(c *settings) { c.Retries = 2 }, play: func(r *rig) {
			for range 3 {
				r.timer()
				r.fail(errors.New("connection refused"))
			}
		}},
		{name: "authentication-failed", play: func(r *rig) {
			r.dial()
			r.recv(testHello)
			r.permit()
			r.peerClose(4004, "Authentication failed.")
		}},
		{name: "gap-filled", play: func(r *rig) {
			r.ready()
			r.after(10 * time.Second)
			r.event(2)
			r.event(5)
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
			r.event(3)
			r.event(4)
			r.event(5)
			r.resumed(6)
			r.event(7)
		}},
		{name: "gap-stays", play: func(r *rig) {
			r.ready()
			r.after(10 * time.Second)
			r.event(2)
			r.event(5)
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
			r.event(5)
			r.resumed(6)
			r.event(9) // another gap has a try of its own
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
			r.event(7)
			r.event(8)
			r.event(9)
			r.resumed(10)
		}},
		{name: "gap-not-believed", play: func(r *rig) {
			r.ready()
			r.event(1 << 53)
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
			r.event(1 << 53)
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
		}},
		{name: "invalid-session-in-replay", play: func(r *rig) {
			r.ready()
			r.event(2)
			r.after(10 * time.Second)
			r.fail(errReset)
			r.dial()
			r.recv(testHello)
			r.event(3)
			r.recv(`{"t":null,"s":null,"op":9,"d":false}`)
			r.event(4) // behind the close frame: the session is over
			r.peerClose(4000, "")
			r.dial()
			r.recv(testHello)
			r.permit()
			r.recv(strings.Replace(testReady, "abc", "def", 1))
		}},
		{name: "resumes-capped", play: func(r *rig) {
			r.ready()
			r.event(2)
			r.after(10 * time.Second)
			r.fail(errReset)
			r.unanswered()
			r.dial()
			r.recv(testHello)
		}},
		{name: "guilds-ready", play: func(r *rig) {
			r.dial()
			r.recv(testHello)
			r.permit()
			r.recv(readyWith(threeGuilds))
			r.guild(create, "2", "11")
			r.after(time.Second)
			r.fail(errReset)
			r.dial()
			r.recv(testHello)
			r.guild(outage, "3", "12")
			r.resumed(4)
			r.timer() // nothing is heard of the last one
		}},
		{name: "shutdown", play: func(r *rig) {
			r.ready()
			r.note("shutdown", "")
			r.core.Depart(r.now, Shutdown)
			r.settle()
			r.peerClose(4000, "")
		}},
	}
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			var edits []func(*settings)
			if s.edit != nil {
				edits = append(edits, s.edit)
			}
			r := newRig(t, edits...)
			r.narrate()
			s.play(r)
			if r.core.stop != nil {
				r.note("stopped", "%v", r.core.stop)
			}
			golden(t, "transcript-"+s.name, r.log.String())
		})
	}
}
