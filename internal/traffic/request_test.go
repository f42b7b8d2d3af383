package traffic

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"
)

// ask has the generator answer what a client can ask about each guild, and holds the answers against
// what the model knows from the events alone.
func (m *model) ask(t *testing.T, g *Generator) {
	t.Helper()
	m.event = "a request"
	n := 0
	for guild := range g.Guilds() {
		n++
		id := strconv.FormatUint(guild.ID(), 10)
		known := m.guilds[id]
		if !m.want(known != nil, "guild %s was not announced", id) {
			continue
		}
		m.want(guild.Count() == known.count, "member_count %d, not %d", guild.Count(), known.count)
		seen := map[string]bool{}
		for member := range guild.Members() {
			m.want(!seen[member.ID()], "%s is there twice", member.ID())
			seen[member.ID()] = true
			m.want(!known.left[member.ID()], "%s has left", member.ID())
			var d dict
			if err := json.Unmarshal([]byte(member.Object()), &d); err != nil {
				t.Fatal(err)
			}
			m.want(str(obj(d, "user"), "id") == member.ID() && str(obj(d, "user"), "username") == member.Username(), "another user")
			_, met := known.members[member.ID()]
			if m.member(known, d, member.ID()); !met {
				delete(known.members, member.ID()) // whom no event has told of
			}
			if presence, online := member.AppendPresence(nil); online {
				d = nil
				if err := json.Unmarshal(presence, &d); err != nil {
					t.Fatal(err)
				}
				m.want(known.presence[member.ID()] == presenceKey(d), "%s is %s, not %s", member.ID(), presenceKey(d), known.presence[member.ID()])
			} else {
				m.want(known.presence[member.ID()] == "", "%s is offline, not %s", member.ID(), known.presence[member.ID()])
			}
		}
		m.want(len(seen) == known.count, "%d members, not %d", len(seen), known.count)
		for user := range known.members {
			m.want(seen[user], "member %s is missing", user)
		}
		for event, data := range map[string][]byte{"SOUNDBOARD_SOUNDS": guild.AppendSounds(nil), "CHANNEL_INFO": guild.AppendChannelInfo(nil, true, true)} {
			var d dict
			if err := json.Unmarshal(data, &d); err != nil {
				t.Fatal(err)
			}
			m.take(event, d)
		}
		for channel, kind := range guild.Channels() {
			m.want(known.channels[channel] == kind, "channel %s is of type %d, not %d", channel, kind, known.channels[channel])
		}
	}
	m.want(n >= min(len(m.guilds), maxActive), "%d guilds of %d", n, len(m.guilds))
}

// presenceKey is what tells a presence from others; "" if it is offline.
func presenceKey(d dict) string {
	if str(d, "status") == offline {
		return ""
	}
	text, err := json.Marshal([]any{d["status"], d["client_status"], d["activities"]})
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestMembersAreTheSame: whoever is asked for is the same each time, whether steady traffic is about the
// guild or not.
func TestMembersAreTheSame(t *testing.T) {
	for _, members := range []int{0, 1, 3, 2500} {
		g := NewShard(Options{Seed: 4, Shards: 1, Guilds: GuildIDs(0, 1, 2), GuildSize: 6000, Members: members})
		m := NewMaker(4, 0, members)
		for _, id := range GuildIDs(0, 1, 2) {
			moving, ok := g.Guild(id)
			if !ok || !g.About(id) {
				t.Fatalf("no guild %d", id)
			}
			still := m.Guild(id, 6000)
			if members > 3 && still.Count() != members || moving.Count() != still.Count() || still.Count() < 2 {
				t.Errorf("%d and %d members, asked for %d", moving.Count(), still.Count(), members)
			}
			count := 0
			for member := range still.Members() {
				count++
				number, err := strconv.ParseUint(member.ID(), 10, 64)
				if err != nil {
					t.Fatal(err)
				}
				for _, guild := range []Guild{moving, still} {
					if other, ok := guild.Member(number); !ok || other.Object() != member.Object() || !strings.Contains(other.User(), `"`+member.Username()+`"`) {
						t.Fatalf("%d is %q here, %q there", number, other.Object(), member.Object())
					}
				}
			}
			if count != still.Count() {
				t.Errorf("%d of %d members", count, still.Count())
			}
			if _, ok := moving.Member(7); ok {
				t.Error("7 is a member")
			}
		}
		if _, ok := g.Guild(7); ok || g.About(7) {
			t.Error("7 is a guild")
		}
	}
}

// FuzzInteractionToken: a token that is taken for one of traffic's says what it was made of.
func FuzzInteractionToken(f *testing.F) {
	g := New(1)
	f.Add(string(g.appendInteractionToken(nil, "1", "2", 3)))
	f.Add("aW50ZXJhY3Rpb246")
	f.Fuzz(func(t *testing.T, token string) {
		id, channel, kind, ok := ParseInteractionToken(token)
		if !ok {
			return
		}
		again := string(g.appendInteractionToken(nil, id, channel, kind))
		if id2, channel2, kind2, ok := ParseInteractionToken(again); !ok && len(id)+len(channel) < 60 || ok && (id2 != id || channel2 != channel || kind2 != kind) {
			t.Errorf("%q, %q, %d became %q, %q, %d, %t", id, channel, kind, id2, channel2, kind2, ok)
		}
	})
}
