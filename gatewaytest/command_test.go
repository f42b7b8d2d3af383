package gatewaytest_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// nextGuild returns the id of the next event, a GUILD_CREATE.
func nextGuild(c *client) string {
	c.tb.Helper()
	var d struct{ ID string }
	if p := c.next(); p.name() != "GUILD_CREATE" || json.Unmarshal(p.D, &d) != nil || d.ID == "" {
		c.tb.Fatalf("got %s, %s; want GUILD_CREATE", p.name(), p.D)
	}
	return d.ID
}

// TestCommands sends the other opcodes, and looks at their answers' types in order.
func TestCommands(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(2, 0))
	c, _, _ := begin(t, srv, "")
	a, b := nextGuild(c), nextGuild(c)
	c.send(`{"op":3,"d":{"since":null,"activities":[],"status":"idle","afk":false}}`)
	c.send(`{"op":4,"d":{"guild_id":%q,"channel_id":"2","self_mute":true,"self_deaf":false}}`, a)
	c.send(`{"op":4,"d":{"guild_id":%q,"channel_id":null,"self_mute":true,"self_deaf":false}}`, a)
	c.send(`{"op":31,"d":{"guild_ids":[%q,"1",%q]}}`, a, b)
	c.send(`{"op":43,"d":{"guild_id":%q,"fields":["status","voice_start_time"]}}`, a)
	for i, want := range []string{
		`VOICE_STATE_UPDATE "channel_id":"2"`,
		`VOICE_SERVER_UPDATE "endpoint":`,
		`VOICE_STATE_UPDATE "channel_id":null`,
		`SOUNDBOARD_SOUNDS "guild_id":"` + a + `"`,
		`SOUNDBOARD_SOUNDS "guild_id":"` + b + `"`,
		`CHANNEL_INFO "status":null`,
	} {
		name, part, _ := strings.Cut(want, " ")
		if p := c.next(); p.name() != name || p.seq() != int64(i+4) || !strings.Contains(string(p.D), part) {
			t.Errorf("got %s, s %d, %s; want %s", p.name(), p.seq(), p.D, want)
		}
	}
}

// TestForeignGuild asks for a guild of another shard, which is not answered.
func TestForeignGuild(t *testing.T) {
	srv := plain(t)
	c := connect(t, srv, srv.URL(), "")
	c.identify(srv, 0, 2)
	const foreign = uint64(1) << 22
	c.send(`{"op":8,"d":{"guild_id":"%d","query":"","limit":0}}`, foreign)
	c.send(`{"op":4,"d":{"guild_id":"%d"}}`, foreign)
	c.send(`{"op":31,"d":{"guild_ids":["%d"]}}`, foreign)
	c.send(`{"op":43,"d":{"guild_id":"%d","fields":[]}}`, foreign)
	c.send(`{"op":1,"d":1}`)
	if p := c.next(); p.Op != 11 {
		t.Errorf("got opcode %d, %s; want 11", p.Op, p.name())
	}
}
