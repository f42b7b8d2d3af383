package core

import (
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// TestAdopt: a session given before the first dial is resumed by the first
// connection, at its URL, and identifies only when the gateway does not know it.
func TestAdopt(t *testing.T) {
	r := newRig(t)
	if err := r.core.Adopt(session.Session{ID: "abc", ResumeURL: "wss://us-east1-b.discord.gg", Seq: 7}); err != nil {
		t.Fatal(err)
	}
	got := seqs(r)
	r.dial()
	if want := "wss://us-east1-b.discord.gg/?v=10&encoding=json"; r.lastDial() != want {
		t.Errorf("dialled %s, want %s", r.lastDial(), want)
	}
	r.recv(testHello)
	r.want(lifecycle.Resuming)
	if want := `"session_id":"abc","seq":7`; !strings.Contains(r.lastSent(), want) {
		t.Errorf("sent %s, want %s", r.lastSent(), want)
	}
	r.event(7)
	r.event(8)
	r.recv(`{"t":"RESUMED","s":8,"op":0,"d":{}}`)
	r.want(lifecycle.Ready)
	if len(*got) != 2 || (*got)[0] != 8 {
		t.Errorf("delivered %v, want 8 and RESUMED", *got)
	}

	r = newRig(t)
	if err := r.core.Adopt(session.Session{ID: "old", Seq: 7}); err != nil {
		t.Fatal(err)
	}
	r.dial()
	r.recv(testHello)
	r.want(lifecycle.Resuming)
	r.recv(`{"op":9,"d":false}`)
	r.timer()
	r.dial()
	r.recv(testHello)
	r.want(lifecycle.Queued)
}

// TestAdoptTrustsNothing: a session from outside leads the token nowhere else
// than READY could, and one that cannot be resumed is refused.
func TestAdoptTrustsNothing(t *testing.T) {
	for _, url := range []string{"wss://evil.com", "ws://gateway.discord.gg", "://", ""} {
		r := newRig(t)
		if err := r.core.Adopt(session.Session{ID: "abc", ResumeURL: url, Seq: 7}); err != nil {
			t.Fatal(err)
		}
		r.dial()
		if want := "wss://gateway.discord.gg/?v=10&encoding=json"; r.lastDial() != want {
			t.Errorf("%q: dialled %s, want %s", url, r.lastDial(), want)
		}
		r.recv(testHello)
		r.want(lifecycle.Resuming)
	}
	for _, s := range []session.Session{
		{},
		{ID: "abc"},
		{ID: "abc", Seq: -1},
		{Seq: 7},
		{ID: strings.Repeat("x", 5000), Seq: 7},
	} {
		r := newRig(t)
		if err := r.core.Adopt(s); err == nil || !strings.HasPrefix(err.Error(), "engine: session cannot be resumed") {
			t.Errorf("adopted %.20q, %d: %v", s.ID, s.Seq, err)
		}
		r.dial()
		r.recv(testHello)
		r.want(lifecycle.Queued)
	}
}

// TestIgnoreResumeURL: a proxy's URL goes before what READY names, which is not
// forgotten for that.
func TestIgnoreResumeURL(t *testing.T) {
	for _, named := range []string{"wss://us-east1-b.discord.gg", "wss://not.allowed"} {
		r := newRig(t, func(c *settings) { c.IgnoreResumeURL, c.URL = true, "wss://proxy.lan" })
		r.dial()
		r.recv(testHello)
		r.permit()
		r.recv(strings.Replace(testReady, "wss://us-east1-b.discord.gg", named, 1))
		r.want(lifecycle.Ready)
		for range 3 {
			r.fail(errReset)
			r.dial()
			if want := "wss://proxy.lan/?v=10&encoding=json"; r.lastDial() != want {
				t.Errorf("dialled %s, want %s", r.lastDial(), want)
			}
			r.recv(testHello)
			r.want(lifecycle.Resuming)
		}
		if got := r.core.session.ResumeURL; got != named {
			t.Errorf("the session has %q, want %q", got, named)
		}
	}
}
