package gatewaytest_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// TestRequestMembers asks for members in each way.
func TestRequestMembers(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 0))
	c, _, _ := begin(t, srv, "")
	guild := nextGuild(c)
	type chunk struct {
		GuildID  string `json:"guild_id"`
		Members  []struct{ User struct{ ID, Username string } }
		Index    int      `json:"chunk_index"`
		Count    int      `json:"chunk_count"`
		NotFound []string `json:"not_found"`
		Nonce    *string
	}
	ask := func(rest string) { c.send(`{"op":8,"d":{"guild_id":%q,%s}}`, guild, rest) }
	next := func() (k chunk) {
		t.Helper()
		p := c.next()
		if err := json.Unmarshal(p.D, &k); err != nil || p.name() != "GUILD_MEMBERS_CHUNK" || k.GuildID != guild {
			t.Fatalf("got %s, %s (%v)", p.name(), p.D, err)
		}
		return k
	}

	ask(`"query":"","limit":0,"nonce":"all"`)
	for i, members := range []int{1000, 1000, 500} {
		if k := next(); k.Index != i || k.Count != 3 || len(k.Members) != members || k.Nonce == nil || *k.Nonce != "all" {
			t.Errorf("chunk %d: index %d of %d, %d members, nonce %v", i, k.Index, k.Count, len(k.Members), k.Nonce)
		}
	}
	ask(`"query":"","limit":0,"nonce":"again"`)
	var limited struct {
		Opcode     int
		RetryAfter float64 `json:"retry_after"`
		Meta       struct {
			GuildID string `json:"guild_id"`
			Nonce   string
		}
	}
	p := c.next()
	if err := json.Unmarshal(p.D, &limited); err != nil || p.name() != "RATE_LIMITED" || limited.Opcode != 8 ||
		limited.RetryAfter <= 0 || limited.RetryAfter > 30 || limited.Meta.GuildID != guild || limited.Meta.Nonce != "again" {
		t.Errorf("got %s, %s (%v)", p.name(), p.D, err)
	}
	ask(`"query":"member-12","limit":5,"nonce":"` + strings.Repeat("n", 33) + `"`)
	if k := next(); len(k.Members) != 5 || k.Members[1].User.Username != "member-120" || k.Nonce != nil {
		t.Errorf("query: %+v", k)
	}
	ask(`"query":"member-1","limit":500`)
	if k := next(); len(k.Members) != 100 {
		t.Errorf("query for 500: %d members, want 100", len(k.Members))
	}
	ask(`"user_ids":["7","0","9999"],"limit":0`)
	if k := next(); len(k.Members) != 1 || k.Members[0].User.ID != "7" || fmt.Sprint(k.NotFound) != "[0 9999]" {
		t.Errorf("user_ids: %+v", k)
	}
	c.send(`{"op":8,"d":{"guild_id":[%q],"query":"member-2500","limit":1}}`, guild)
	if k := next(); len(k.Members) != 1 {
		t.Errorf("a list of one guild: %+v", k)
	}
	ask(`"user_ids":"8","limit":0`)
	if k := next(); len(k.Members) != 1 || k.Members[0].User.ID != "8" {
		t.Errorf("one user id: %+v", k)
	}
	many, _ := json.Marshal(strings.Split(strings.Repeat("1,", 100)+"1", ","))
	ask(`"user_ids":` + string(many))
	if end := c.closed(); end.code != 4002 {
		t.Errorf("101 user ids: closed with %d, want 4002", end.code)
	}
}

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
