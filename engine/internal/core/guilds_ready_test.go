package core

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// guildsRig is a rig before READY that notes every GuildsReady, and the names of
// the guild events before it.
func guildsRig(t *testing.T, edit ...func(*settings)) (r *rig, got *[]lifecycle.GuildsReady, order *[]string) {
	r = newRig(t, edit...)
	got, order = new([]lifecycle.GuildsReady), new([]string)
	r.on(
		gateway.Events(gateway.EventReady, gateway.EventGuildCreate, gateway.EventGuildDelete, gateway.EventGuildsReady),
		func(ev *delivery) {
			*order = append(*order, ev.Name())
			if all, ok := ev.GuildsReady(); ok {
				*got = append(*got, all)
			}
		})
	r.dial()
	r.recv(testHello)
	r.permit()
	return r, got, order
}

// readyWith is a READY that lists guilds.
func readyWith(guilds string) string {
	return strings.Replace(testReady, `"guilds":[]`, `"guilds":[`+guilds+`]`, 1)
}

const (
	threeGuilds = `{"id":"11","unavailable":true},{"unavailable":true,"id":"12"},{"id":"13"}`
	create      = `{"t":"GUILD_CREATE","s":SEQ,"op":0,"d":{"id":"ID","name":"x"}}`
	outage      = `{"t":"GUILD_DELETE","s":SEQ,"op":0,"d":{"id":"ID","unavailable":true}}`
	kicked      = `{"t":"GUILD_DELETE","s":SEQ,"op":0,"d":{"id":"ID"}}`
)

// guild gives the core an event of a guild.
func (r *rig) guild(payload, seq, id string) {
	r.recv(strings.NewReplacer("SEQ", seq, "ID", id).Replace(payload))
}

func TestGuildsReady(t *testing.T) {
	r, got, order := guildsRig(t)
	r.recv(readyWith(threeGuilds))
	r.guild(create, "2", "11")
	r.guild(create, "3", "99") // a new one, not READY's
	r.guild(create, "4", "11") // joined again
	r.guild(outage, "5", "12")
	if len(*got) != 0 {
		t.Fatalf("too soon: %+v", *got)
	}
	r.guild(kicked, "6", "13")
	want := lifecycle.GuildsReady{Session: "abc", Guilds: 3, Available: 1, Unavailable: 1, Removed: 1}
	if !slices.Equal(*got, []lifecycle.GuildsReady{want}) {
		t.Errorf("%+v, want %+v", *got, want)
	}
	if last := (*order)[len(*order)-1]; last != "GUILDS_READY" || r.core.session.guilds != nil || !r.core.deadline.IsZero() {
		t.Errorf("%v, still waiting: %v, deadline %v", *order, r.core.session.guilds != nil, r.core.deadline)
	}
	r.guild(create, "7", "13")
	if len(*got) != 1 {
		t.Errorf("told %d times", len(*got))
	}
}

// TestGuildsReadyAtOnce: a READY without guilds is told right behind it; so is one
// whose guilds are not what they should be.
func TestGuildsReadyAtOnce(t *testing.T) {
	for _, ready := range []string{readyWith(``), readyWith(`{"id":"x"},{},7,null,[1]`), strings.Replace(testReady, `,"guilds":[]`, ``, 1)} {
		r, got, order := guildsRig(t)
		r.recv(ready)
		if !slices.Equal(*got, []lifecycle.GuildsReady{{Session: "abc"}}) || (*order)[0] != "READY" {
			t.Errorf("%+v, %v", *got, *order)
		}
	}
	// A GUILD_CREATE may say that the guild is unavailable; one listed twice is one.
	r, got, _ := guildsRig(t)
	r.recv(readyWith(`{"id":"11"},{"id":"11"}`))
	r.recv(`{"t":"GUILD_CREATE","s":2,"op":0,"d":{"id":"11","unavailable":true}}`)
	if !slices.Equal(*got, []lifecycle.GuildsReady{{Session: "abc", Guilds: 1, Unavailable: 1}}) {
		t.Errorf("%+v", *got)
	}
}

// TestGuildsTimeout counts from the last guild, and only while there is a
// connection that could bring the next.
func TestGuildsTimeout(t *testing.T) {
	const limit = 20 * time.Second
	r, got, _ := guildsRig(t, func(c *settings) { c.GuildsTimeout = limit })
	r.recv(readyWith(threeGuilds))
	r.after(15 * time.Second)
	r.guild(create, "2", "11")
	begin := r.now
	r.after(15 * time.Second)
	r.advance()
	r.recv(testAck)
	r.guild(create, "3", "99") // not awaited
	for len(*got) == 0 {
		r.timer()
	}
	if waited := r.now.Sub(begin); waited != limit {
		t.Errorf("told after %v", waited)
	}
	if want := (lifecycle.GuildsReady{Session: "abc", Guilds: 3, Available: 1, Missing: 2}); (*got)[0] != want {
		t.Errorf("%+v, want %+v", (*got)[0], want)
	}
	r.want(lifecycle.Ready)
	r.guild(create, "4", "12")
	if len(*got) != 1 {
		t.Errorf("told %d times", len(*got))
	}
}

// TestGuildsOverResume: what a resume replays is counted, and the time stands
// still until it has.
func TestGuildsOverResume(t *testing.T) {
	r, got, _ := guildsRig(t)
	r.recv(readyWith(threeGuilds))
	r.guild(create, "2", "11")
	r.fail(errReset)
	r.after(time.Hour)
	r.back()
	r.guild(create, "3", "12")
	r.after(20 * time.Second)
	r.advance()
	r.resumed(3)
	begin := r.now
	for len(*got) == 0 {
		r.timer()
	}
	if waited := r.now.Sub(begin); waited != r.core.config.GuildsTimeout {
		t.Errorf("told %v after RESUMED", waited)
	}
	if want := (lifecycle.GuildsReady{Session: "abc", Guilds: 3, Available: 2, Missing: 1}); (*got)[0] != want {
		t.Errorf("%+v, want %+v", (*got)[0], want)
	}
	// The last one may come by replay. It does not touch the deadline of Resuming.
	r, got, _ = guildsRig(t)
	r.recv(readyWith(`{"id":"11"},{"id":"12"}`))
	r.fail(errReset)
	r.back()
	deadline := r.core.deadline
	r.guild(create, "2", "11")
	r.guild(create, "3", "12")
	if len(*got) != 1 || (*got)[0].Available != 2 || r.core.deadline != deadline {
		t.Errorf("%+v, deadline %v, was %v", *got, r.core.deadline, deadline)
	}
}

// TestGuildsOfALostSession are not told: the next READY begins a wait of its own.
func TestGuildsOfALostSession(t *testing.T) {
	r, got, _ := guildsRig(t)
	r.recv(readyWith(threeGuilds))
	r.recv(`{"op":9,"d":false}`)
	r.peerClose(4000, "")
	if r.core.session.guilds != nil {
		t.Error("still waiting")
	}
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(strings.Replace(readyWith(`{"id":"11"}`), "abc", "def", 1))
	r.guild(create, "2", "11")
	if !slices.Equal(*got, []lifecycle.GuildsReady{{Session: "def", Guilds: 1, Available: 1}}) {
		t.Errorf("%+v", *got)
	}
}

// TestGuildsNobodyAskedFor cost nothing.
func TestGuildsNobodyAskedFor(t *testing.T) {
	r := newRig(t)
	r.dial()
	r.recv(testHello)
	r.permit()
	r.recv(readyWith(threeGuilds))
	if r.core.session.guilds != nil || !r.core.deadline.IsZero() {
		t.Error("guilds are waited for")
	}
}
