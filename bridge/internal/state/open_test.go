package state

import (
	"slices"
	"strconv"
	"testing"

	"github.com/sluice-go/sluice/gateway"
)

// TestOpen holds the logs of a shard's guilds to their limits, whichever of them change, and has guilds be
// as the events say in whatever order they are closed.
func TestOpen(t *testing.T) {
	s, m := NewShard(Config{}), &model{}
	tell := func(name, data string) {
		t.Helper()
		if err := s.Apply(eventTypes[name], []byte(data)); err != nil {
			t.Fatal(err)
		}
		m.apply(name, parse([]byte(data)))
	}
	const guilds = 2 * maxOpen
	tell("READY", readyData)
	create := func(guild int) {
		tell("GUILD_CREATE", `{"id":"`+strconv.Itoa(guild)+`","emojis":[],"channels":[{"id":"5"}],"voice_states":[],"members":[]}`)
	}
	for g := 1; g <= guilds; g++ {
		create(g)
	}
	for i := range 40_000 {
		g := 1 + i*i%guilds
		if i%7 < 3 {
			g = 1 // the busiest
		}
		guild := strconv.Itoa(g)
		switch {
		case i%9999 == 9998:
			create(g)
		case i%3 == 0:
			tell("CHANNEL_UPDATE", `{"guild_id":"`+guild+`","id":"`+strconv.Itoa(5+i%60)+`","topic":"`+strconv.Itoa(i)+` and more"}`)
		default:
			user := strconv.Itoa(1000 + i%300)
			tell("VOICE_STATE_UPDATE", `{"guild_id":"`+guild+`","user_id":"`+user+`","channel_id":"5","session_id":"`+strconv.Itoa(i)+
				`","member":{"user":{"id":"`+user+`","username":"somebody"}}}`)
		}
		if len(s.open) > maxOpen {
			t.Fatalf("%d guilds are open", len(s.open))
		}
		total := 0
		for _, o := range s.open {
			total += o.more
		}
		if total != s.openBytes || total > maxOpenBytes+maxOpenLog {
			t.Fatalf("logs of %d bytes are open; it says %d", total, s.openBytes)
		}
	}
	for _, g := range s.guilds {
		if n := g.logSize(); n > g.logBound() && !slices.ContainsFunc(s.open, func(o open) bool { return o.guild == g && o.more == n-g.logBound() }) {
			t.Errorf("guild %d: logs of %d bytes are not open", g.id, n)
		}
	}
	m.compareAll(t, s)
	if err := s.Apply(gateway.EventReady, []byte(readyData)); err != nil || s.open != nil {
		t.Errorf("%v; %d guilds of the last session are open", err, len(s.open))
	}
}
