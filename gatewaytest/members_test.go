package gatewaytest_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// A chunk is the data of a GUILD_MEMBERS_CHUNK.
type chunk struct {
	GuildID   string `json:"guild_id"`
	Members   []member
	Presences []struct {
		User   struct{ ID string }
		Status string
	}
	Index    int      `json:"chunk_index"`
	Count    int      `json:"chunk_count"`
	NotFound []string `json:"not_found"`
	Nonce    *string
}

type member struct {
	User struct{ ID, Username string }
	Nick *string
}

// An asker asks for the members of one guild.
type asker struct {
	*client
	guild string
}

func (a asker) ask(rest string) { a.send(`{"op":8,"d":{"guild_id":%q,%s}}`, a.guild, rest) }

// chunk is the next event, which must be a chunk. Those of steady traffic, which have a nonce of their own,
// are left out.
func (a asker) chunk() (k chunk) {
	a.tb.Helper()
	p := a.next()
	if err := json.Unmarshal(p.D, &k); err != nil || p.name() != "GUILD_MEMBERS_CHUNK" || k.GuildID != a.guild {
		a.tb.Fatalf("got %s, %.300s (%v)", p.name(), p.D, err)
	}
	return k
}

func ids(members []member) (ids []string) {
	for _, m := range members {
		ids = append(ids, m.User.ID)
	}
	return ids
}

// TestRequestMembers asks for members in each way.
func TestRequestMembers(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 0), gatewaytest.WithMembers(2500))
	c, _, _ := begin(t, srv, "")
	var guild struct {
		ID      string
		Count   int `json:"member_count"`
		Members []member
	}
	if err := json.Unmarshal(c.next().D, &guild); err != nil || guild.Count != 2500 {
		t.Fatalf("%d members, %v", guild.Count, err)
	}
	a := asker{c, guild.ID}

	a.ask(`"query":"","limit":0,"nonce":"all"`)
	var all []member
	for i, members := range []int{1000, 1000, 500} {
		k := a.chunk()
		if k.Index != i || k.Count != 3 || len(k.Members) != members || k.Nonce == nil || *k.Nonce != "all" || k.Presences != nil {
			t.Errorf("chunk %d: index %d of %d, %d members, nonce %v", i, k.Index, k.Count, len(k.Members), k.Nonce)
		}
		all = append(all, k.Members...)
	}
	known := map[string]string{}
	for _, m := range all {
		known[m.User.ID] = m.User.Username
	}
	if len(known) != 2500 {
		t.Errorf("%d different members", len(known))
	}
	for _, m := range guild.Members { // the bot is one
		if known[m.User.ID] != m.User.Username {
			t.Errorf("%s, who was announced, is %q", m.User.ID, known[m.User.ID])
		}
	}

	a.ask(`"query":"","limit":0,"nonce":"again"`)
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
		limited.RetryAfter <= 0 || limited.RetryAfter > 30 || limited.Meta.GuildID != guild.ID || limited.Meta.Nonce != "again" {
		t.Errorf("got %s, %s (%v)", p.name(), p.D, err)
	}

	a.ask(`"query":"shadow","limit":5,"nonce":"` + strings.Repeat("n", 33) + `"`)
	if k := a.chunk(); len(k.Members) != 5 || k.Nonce != nil || slices.ContainsFunc(k.Members, func(m member) bool { return !strings.HasPrefix(m.User.Username, "shadow") }) {
		t.Errorf("query: %+v", k)
	}
	a.ask(`"query":"s","limit":500`)
	if k := a.chunk(); len(k.Members) != 100 {
		t.Errorf("query for 500: %d members, want 100", len(k.Members))
	}
	a.ask(`"query":"no such name","limit":0,"nonce":"none"`)
	if k := a.chunk(); k.Members == nil || len(k.Members) != 0 || k.Count != 1 || *k.Nonce != "none" {
		t.Errorf("query for nobody: %+v", k)
	}
	last := all[2499]
	a.ask(fmt.Sprintf(`"user_ids":[%q,"0","9999"],"limit":0`, last.User.ID))
	if k := a.chunk(); len(k.Members) != 1 || k.Members[0].User != last.User || fmt.Sprint(k.NotFound) != "[0 9999]" {
		t.Errorf("user_ids: %+v", k)
	}
	c.send(`{"op":8,"d":{"guild_id":[%q],"query":%q,"limit":1}}`, guild.ID, last.User.Username)
	if k := a.chunk(); len(k.Members) != 1 {
		t.Errorf("a list of one guild: %+v", k)
	}
	a.ask(fmt.Sprintf(`"user_ids":%q,"limit":0`, all[1500].User.ID))
	if k := a.chunk(); len(k.Members) != 1 || k.Members[0].User != all[1500].User || k.NotFound != nil {
		t.Errorf("one user id: %+v", k)
	}
	many, _ := json.Marshal(strings.Split(strings.Repeat("1,", 100)+"1", ","))
	a.ask(`"user_ids":` + string(many))
	if end := c.closed(); end.code != 4002 {
		t.Errorf("101 user ids: closed with %d, want 4002", end.code)
	}
	for _, bad := range []int{-1, 1_000_000} {
		if _, err := gatewaytest.Start(gatewaytest.WithMembers(bad)); err == nil {
			t.Errorf("WithMembers(%d) is accepted", bad)
		}
	}
}

// TestRequestPresences: those of members who are online come if the client has the intent.
func TestRequestPresences(t *testing.T) {
	for intents, want := range map[int]bool{513: false, 513 | 1<<8: true} {
		srv := plain(t, gatewaytest.WithGuilds(1, 30_000))
		c := connect(t, srv, srv.URL(), "")
		c.send(`{"op":2,"d":{"token":%q,"intents":%d,%s}}`, srv.Token(), intents, properties)
		c.next()
		var guild struct {
			ID        string
			Members   []member
			Presences []struct{ User struct{ ID string } }
		}
		if err := json.Unmarshal(c.next().D, &guild); err != nil || len(guild.Presences) == 0 {
			t.Fatalf("%d presences, %v", len(guild.Presences), err)
		}
		a := asker{c, guild.ID}
		a.ask(fmt.Sprintf(`"user_ids":[%q],"presences":true`, guild.Presences[0].User.ID))
		k := a.chunk()
		if len(k.Members) != 1 || (len(k.Presences) == 1) != want {
			t.Fatalf("%d members, %d presences", len(k.Members), len(k.Presences))
		}
		if want && (k.Presences[0].User.ID != guild.Presences[0].User.ID || k.Presences[0].Status == "") {
			t.Errorf("%+v", k.Presences)
		}
	}
}

// a guildState is what the events tell of one guild.
type guildState struct {
	members, left map[string]bool
	count         int
	sounds        map[string]bool
	info          map[string]string // voice_start_time and status of voice channels, as JSON
}

// TestAnswersFollowTraffic asks amid steady traffic. The answers are what the events before them say.
func TestAnswersFollowTraffic(t *testing.T) {
	const guilds, rounds, nonce = 6, 6, "mine"
	srv := plain(t, gatewaytest.WithGuilds(guilds, 0), gatewaytest.WithTraffic(3000))
	c, _, _ := begin(t, srv, "")
	known := map[string]*guildState{}
	var order []string
	answers, chunked := map[string]int{}, map[string]int{}
	for events := 0; answers["SOUNDBOARD_SOUNDS"] < guilds*rounds || answers["CHANNEL_INFO"] < guilds*rounds || len(chunked) < guilds; events++ {
		if events%200 == 100 && events < 200*rounds {
			for _, id := range order {
				c.send(`{"op":31,"d":{"guild_ids":[%q]}}`, id)
				c.send(`{"op":43,"d":{"guild_id":%q,"fields":["status","voice_start_time"]}}`, id)
			}
		}
		if i := events / 150; events%150 == 75 && i < len(order) {
			c.send(`{"op":8,"d":{"guild_id":%q,"query":"","limit":0,"nonce":%q}}`, order[i], nonce)
		}
		p := c.next()
		var d struct {
			ID           string
			GuildID      string `json:"guild_id"`
			User         struct{ ID string }
			Nonce        string
			Members      []member
			Count        int               `json:"member_count"`
			ChunkIndex   int               `json:"chunk_index"`
			Sounds       []map[string]any  `json:"soundboard_sounds"`
			SoundID      string            `json:"sound_id"`
			Channels     []json.RawMessage `json:"channels"`
			Unavailable  bool
			Status       json.RawMessage
			VoiceStarted json.RawMessage `json:"voice_start_time"`
		}
		if p.name() == "MESSAGE_CREATE" || p.name() == "MESSAGE_UPDATE" || p.name() == "INTERACTION_CREATE" {
			continue // their nonce and members are something else
		}
		if err := json.Unmarshal(p.D, &d); err != nil {
			t.Fatalf("%s: %v", p.name(), err)
		}
		if p.name() == "GUILD_CREATE" && known[d.ID] == nil && len(order) < guilds {
			state := &guildState{members: map[string]bool{}, left: map[string]bool{}, count: d.Count, sounds: map[string]bool{}, info: map[string]string{}}
			for _, id := range ids(d.Members) {
				state.members[id] = true
			}
			for _, sound := range d.Sounds {
				state.sounds[sound["sound_id"].(string)] = true
			}
			known[d.ID] = state
			order = append(order, d.ID)
			continue
		}
		g := known[d.GuildID]
		if g == nil {
			continue
		}
		switch p.name() {
		case "GUILD_MEMBER_ADD":
			g.members[d.User.ID], g.left[d.User.ID] = true, false
			g.count++
		case "GUILD_MEMBER_REMOVE":
			delete(g.members, d.User.ID)
			g.left[d.User.ID] = true
			g.count--
		case "GUILD_SOUNDBOARD_SOUND_CREATE":
			g.sounds[d.SoundID] = true
		case "GUILD_SOUNDBOARD_SOUND_DELETE":
			delete(g.sounds, d.SoundID)
		case "VOICE_CHANNEL_STATUS_UPDATE":
			g.info[d.ID+" status"] = string(d.Status)
		case "VOICE_CHANNEL_START_TIME_UPDATE":
			g.info[d.ID+" start"] = string(d.VoiceStarted)
		case "SOUNDBOARD_SOUNDS":
			answers[p.name()]++
			if len(d.Sounds) != len(g.sounds) {
				t.Errorf("%d sounds, not %d", len(d.Sounds), len(g.sounds))
			}
			for _, sound := range d.Sounds {
				if id := sound["sound_id"].(string); !g.sounds[id] {
					t.Errorf("no sound %s", id)
				}
			}
		case "CHANNEL_INFO":
			answers[p.name()]++
			for _, raw := range d.Channels {
				var channel struct {
					ID     string
					Status json.RawMessage
					Start  json.RawMessage `json:"voice_start_time"`
				}
				if err := json.Unmarshal(raw, &channel); err != nil {
					t.Fatal(err)
				}
				for key, got := range map[string]json.RawMessage{" status": channel.Status, " start": channel.Start} {
					if want := g.info[channel.ID+key]; string(got) != want && !(want == "" && string(got) == "null") {
						t.Errorf("channel %s%s is %s, not %q", channel.ID, key, got, want)
					}
				}
			}
		case "GUILD_MEMBERS_CHUNK":
			if d.Nonce != nonce {
				break
			}
			for _, id := range ids(d.Members) {
				if g.left[id] {
					t.Errorf("%s has left", id)
				}
				g.members[id] = true
			}
			if chunked[d.GuildID] += len(d.Members); d.ChunkIndex == 0 && chunked[d.GuildID] == 0 || len(d.Members) < 1000 && len(g.members) != g.count {
				t.Errorf("%d members are known, of %d", len(g.members), g.count)
			}
		}
	}
}
