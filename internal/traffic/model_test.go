package traffic

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// A model is what a client would know that believes every event. It is written from Discord's rules
// and reads nothing but the events' JSON.
type model struct {
	guilds map[string]*modelGuild
	out    map[string]*modelGuild // unavailable
	bot    string
	sales  map[string]bool
	faults []string
	event  string
}

type modelGuild struct {
	channels map[string]int // types, of threads too
	parents  map[string]string
	roles    map[string]bool
	members  map[string][]string // roles of those that are known
	left     map[string]bool     // members that have left, and are not back
	banned   map[string]bool
	count    int
	voice    map[string]string
	messages map[string]*modelMessage
	emojis   map[string]bool
	sets     map[string]map[string]bool // stickers, sounds, events, stages, rules, invites, integrations
	users    map[string]map[string]bool // of scheduled events
	presence map[string]string          // of members that are online
	info     map[string]any             // status and voice_start_time of voice channels
}

type modelMessage struct {
	channel, author string
	reactions       map[string]bool
	votes           map[string]bool
	poll            bool
}

type dict = map[string]any

func (m *model) fault(format string, args ...any) {
	m.faults = append(m.faults, m.event+": "+fmt.Sprintf(format, args...))
}

func (m *model) want(ok bool, format string, args ...any) bool {
	if !ok {
		m.fault(format, args...)
	}
	return ok
}

func str(d dict, key string) string { s, _ := d[key].(string); return s }
func list(d dict, key string) []any { l, _ := d[key].([]any); return l }
func obj(d dict, key string) dict   { o, _ := d[key].(dict); return o }
func integer(d dict, key string) int {
	f, _ := d[key].(float64)
	return int(f)
}

func newModelGuild() *modelGuild {
	g := &modelGuild{
		channels: map[string]int{}, parents: map[string]string{}, roles: map[string]bool{}, members: map[string][]string{},
		left: map[string]bool{}, banned: map[string]bool{}, voice: map[string]string{}, messages: map[string]*modelMessage{},
		emojis: map[string]bool{}, sets: map[string]map[string]bool{}, users: map[string]map[string]bool{},
		presence: map[string]string{}, info: map[string]any{},
	}
	for _, set := range []string{"sticker", "sound", "event", "stage", "rule", "invite", "integration"} {
		g.sets[set] = map[string]bool{}
	}
	return g
}

// create takes a GUILD_CREATE in.
func (m *model) create(d dict) {
	g := newModelGuild()
	id := str(d, "id")
	m.want(m.guilds[id] == nil, "guild %s is there already", id)
	before := m.out[id]
	if before != nil {
		g.info = before.info
	}
	delete(m.out, id)
	m.guilds[id] = g
	for _, o := range list(d, "roles") {
		g.roles[str(o.(dict), "id")] = true
	}
	m.want(g.roles[id], "no @everyone")
	for _, o := range list(d, "channels") {
		g.channels[str(o.(dict), "id")] = integer(o.(dict), "type")
	}
	for _, o := range list(d, "channels") {
		m.channel(g, o.(dict))
	}
	for _, o := range list(d, "threads") {
		m.thread(g, o.(dict), true)
	}
	for _, o := range list(d, "members") {
		user := str(obj(o.(dict), "user"), "id")
		m.want(g.members[user] == nil, "member %s twice", user)
		m.member(g, o.(dict), user)
	}
	g.count = integer(d, "member_count")
	m.want(g.count >= len(g.members), "member_count %d of %d members", g.count, len(g.members))
	m.want(g.members[m.bot] != nil, "the bot is no member")
	m.want(g.members[str(d, "owner_id")] != nil, "the owner is no member")
	for _, o := range list(d, "presences") {
		user := str(obj(o.(dict), "user"), "id")
		m.want(g.members[user] != nil, "a presence of nobody")
		g.presence[user] = presenceKey(o.(dict))
	}
	for _, o := range list(d, "voice_states") {
		m.voiceState(g, o.(dict), false)
	}
	for key, set := range map[string]string{"stickers": "sticker", "guild_scheduled_events": "event", "stage_instances": "stage"} {
		for _, o := range list(d, key) {
			g.sets[set][str(o.(dict), "id")] = true
		}
	}
	for _, o := range list(d, "guild_scheduled_events") {
		g.users[str(o.(dict), "id")] = map[string]bool{}
	}
	for _, o := range list(d, "soundboard_sounds") {
		g.sets["sound"][str(o.(dict), "sound_id")] = true
	}
	for _, o := range list(d, "emojis") {
		g.emojis[str(o.(dict), "id")] = true
	}
	if before == nil {
		return
	}
	// What a guild was before an outage, it is after.
	m.want(before.count == g.count, "member_count %d was %d before the outage", g.count, before.count)
	m.want(fmt.Sprint(before.roles) == fmt.Sprint(g.roles), "roles changed in an outage")
	m.want(fmt.Sprint(before.channels) == fmt.Sprint(g.channels), "channels changed in an outage: %v, %v", before.channels, g.channels)
	m.want(fmt.Sprint(before.emojis) == fmt.Sprint(g.emojis), "emojis changed in an outage")
	m.want(fmt.Sprint(before.presence) == fmt.Sprint(g.presence), "presences changed in an outage")
	for user, channel := range before.voice {
		m.want(g.voice[user] == channel, "%s is no longer in voice", user)
	}
	for user, roles := range before.members {
		if now := g.members[user]; now != nil && roles != nil {
			m.want(fmt.Sprint(roles) == fmt.Sprint(now), "%s has other roles after an outage", user)
		}
		m.want(g.members[user] != nil || before.members[user] == nil, "member %s is missing after an outage", user)
	}
	for _, set := range []string{"sticker", "sound", "event", "stage"} {
		m.want(fmt.Sprint(before.sets[set]) == fmt.Sprint(g.sets[set]), "%ss changed in an outage", set)
	}
	g.left, g.banned, g.messages, g.users = before.left, before.banned, before.messages, before.users
	for _, set := range []string{"rule", "invite", "integration"} {
		g.sets[set] = before.sets[set]
	}
}

// channel checks a channel's references.
func (m *model) channel(g *modelGuild, d dict) {
	if parent := str(d, "parent_id"); parent != "" {
		m.want(g.channels[parent] == 4, "channel %s: its parent is no category", str(d, "id"))
	}
	for _, o := range list(d, "permission_overwrites") {
		id := str(o.(dict), "id")
		m.want(g.roles[id], "an overwrite of the role %s, which there is not", id)
	}
	if status, ok := d["status"]; ok && integer(d, "type") == 2 {
		m.fact(g, str(d, "id")+" status", status)
	}
}

// fact takes in what an event says again of a channel.
func (m *model) fact(g *modelGuild, key string, value any) {
	m.want(g.info[key] == value, "%s is %v, not %v", key, value, g.info[key])
}

func (m *model) thread(g *modelGuild, d dict, is bool) {
	id, parent, kind := str(d, "id"), str(d, "parent_id"), integer(d, "type")
	of, ok := g.channels[parent]
	m.want(ok, "thread %s: no parent %s", id, parent)
	m.want(kind == 10 && of == 5 || kind == 11 && (of == 0 || of == 15 || of == 16) || kind == 12 && of == 0,
		"thread %s: type %d in a channel of type %d", id, kind, of)
	_, known := g.channels[id]
	m.want(known != is, "thread %s: known is %t", id, known)
	g.channels[id], g.parents[id] = kind, parent
}

// member takes in what an event says of somebody, who is a member.
func (m *model) member(g *modelGuild, d dict, user string) {
	if !m.want(user != "", "no user in a member") {
		return
	}
	m.present(g, user)
	roles := []string{}
	for _, o := range list(d, "roles") {
		m.want(g.roles[o.(string)], "member %s has the role %v, which there is not", user, o)
		m.want(o != "" && !slices.Contains(roles, o.(string)), "member %s has a role twice", user)
		roles = append(roles, o.(string))
	}
	slices.Sort(roles)
	if known, ok := g.members[user]; ok && known != nil && m.event != "GUILD_MEMBER_UPDATE" {
		m.want(slices.Equal(known, roles), "member %s has the roles %v, not %v", user, roles, known)
	}
	g.members[user] = roles
}

// present wants somebody to be a member, perhaps one that was not heard of.
func (m *model) present(g *modelGuild, user string) {
	m.want(!g.left[user], "%s has left", user)
	if _, known := g.members[user]; !known {
		g.members[user] = nil // roles unknown
		m.want(g.count == 0 || len(g.members) <= g.count, "%d members are known, of %d", len(g.members), g.count)
	}
}

func (m *model) voiceState(g *modelGuild, d dict, leaves bool) {
	user, channel := str(d, "user_id"), str(d, "channel_id")
	m.present(g, user)
	if channel == "" {
		m.want(leaves && g.voice[user] != "", "%s leaves no voice channel", user)
		delete(g.voice, user)
		return
	}
	kind := g.channels[channel]
	m.want(kind == 2 || kind == 13, "%s is in a channel of type %d", user, kind)
	g.voice[user] = channel
}

func (m *model) forgetChannel(g *modelGuild, id string) {
	delete(g.channels, id)
	for message, o := range g.messages {
		if o.channel == id {
			delete(g.messages, message)
		}
	}
}

// set has something of a kind created, updated or deleted.
func (m *model) set(set map[string]bool, what, id, change string) {
	switch change {
	case "CREATE":
		m.want(!set[id], "%s %s is there already", what, id)
		set[id] = true
	case "UPDATE":
		m.want(set[id], "%s %s is not there", what, id)
	case "DELETE":
		m.want(set[id], "%s %s is not there", what, id)
		delete(set, id)
	}
}

func newModel() *model {
	return &model{guilds: map[string]*modelGuild{}, out: map[string]*modelGuild{}, sales: map[string]bool{}, bot: fmt.Sprint(uint64(DefaultBotID))}
}

// play lets the model follow events of one seed, and returns how many of each type came.
func play(t *testing.T, seed uint64, events, guilds, size int) map[string]int {
	t.Helper()
	const shard, shards = 3, 16
	ids := GuildIDs(shard, shards, guilds)
	g := NewShard(Options{Seed: seed, Shard: shard, Shards: shards, Guilds: ids, GuildSize: size})
	m := newModel()
	seen := map[string]int{}
	n := 0
	take := func(name string, data []byte) {
		var d dict
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		m.event = name
		m.take(name, d)
		seen[name]++
		if len(m.faults) > 0 {
			t.Fatalf("seed %d, event %d: %d contradictions, the first: %s\n%.600s", seed, n, len(m.faults), m.faults[0], data)
		}
		n++
	}
	for _, id := range ids {
		take("GUILD_CREATE", g.GuildCreate(nil, id, size))
	}
	clear(seen)
	for i := range events {
		name, data := g.Next()
		take(name, data)
		if id, err := m.shardOf(data); err == nil && id>>22%shards != shard {
			t.Fatalf("%s is of guild %d, of another shard", name, id)
		}
		if n%40_000 == 0 || i == events-1 {
			if m.ask(t, g); len(m.faults) > 0 {
				t.Fatalf("seed %d, event %d: %d contradictions, the first: %s", seed, n, len(m.faults), m.faults[0])
			}
		}
	}
	return seen
}

func (m *model) shardOf(data []byte) (uint64, error) {
	var d struct {
		ID uint64 `json:"guild_id,string"`
	}
	err := json.Unmarshal(data, &d)
	if err == nil && d.ID == 0 {
		err = fmt.Errorf("no guild")
	}
	return d.ID, err
}

// TestTrafficIsConsistent plays the events into the model, which finds no contradiction, and counts
// them: every type that Discord documents comes, but those that begin a connection.
func TestTrafficIsConsistent(t *testing.T) {
	events, seeds, more := 250_000, 5, 20_000
	short := testing.Short() || pool.Poisoning
	switch {
	case pool.Poisoning: // race builds take minutes, and there is but one goroutine
		events, seeds, more = 10_000, 1, 2000
	case short:
		events, seeds = 40_000, 1
	}
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint("seed ", seed+1), func(t *testing.T) {
			t.Parallel()
			seen := play(t, seed+1, events, 20, 6000)
			if short {
				return
			}
			for e := range gateway.AllDispatches().All() {
				name := e.String()
				if seen[name] == 0 && e != gateway.EventReady && e != gateway.EventResumed && e != gateway.EventUnknown {
					t.Errorf("no %s in %d events", name, events)
				}
			}
		})
	}
	for _, c := range []struct{ guilds, size int }{{1, 0}, {1, 2048}, {2, 134_000}, {600, 4000}} {
		play(t, 9, more, c.guilds, c.size)
	}
}
