package core

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

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
			r.want(lifecycle.Stopped)
			stop, ok := r.core.stop.(*lifecycle.StopError)
			if !ok || stop.Code != gateway.CloseCode(code) || !strings.Contains(stop.Error(), gateway.CloseCode(code).Remedy()) {
				t.Errorf("%d: stopped with %v", code, r.core.stop)
			}
		default:
			r.want(lifecycle.Disconnected)
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
	r := newRig(t, func(c *settings) {
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
	r = newRig(t, func(c *settings) {
		c.OnClose = func(gateway.CloseCode) gateway.Decision { return gateway.DecisionStop }
	}).ready()
	r.peerClose(4008, "")
	r.want(lifecycle.Stopped)
}

// TestPain10_NeverClosesWith1000: neither our own closes nor the echo of the
// gateway's may end the session.
func TestPain10_NeverClosesWith1000(t *testing.T) {
	for _, s := range situations {
		for _, in := range inputs() {
			r := newTrial(t)
			s.reach(r)
			in.give(r)
			if in.name == "the user closes with 1000" {
				continue
			}
			for _, sent := range r.sent {
				if sent == "close 1000" || sent == "close 1001" {
					t.Errorf("%s, %s: sent %q", s.name, in.name, sent)
				}
			}
		}
	}
}
