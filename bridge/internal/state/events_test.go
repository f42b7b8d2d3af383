package state

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// baseGuild has something of everything. The bot is 99.
const baseGuild = `{"id":"1","name":"guild","unavailable":false,"large":true,"member_count":10,"unknown":{"deep":[1.50,"\u00e9"]},
	"channels":[{"id":"10","type":0,"name":"text","last_message_id":"500","last_pin_timestamp":null},{"id":"11","type":2,"status":null,"parent_id":"10"}],
	"threads":[{"id":"20","parent_id":"10","member_count":3,"unknown":7},{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}}],
	"roles":[{"id":"1","name":"@everyone"},{"id":"30","name":"role"}],
	"emojis":[{"id":"40"}],"stickers":[{"id":"45"}],"stage_instances":[{"id":"55","channel_id":"11"}],"soundboard_sounds":[{"sound_id":"70"}],
	"guild_scheduled_events":[{"id":"60","user_count":4,"name":"party"}],
	"voice_states":[{"user_id":"50","channel_id":"11","self_mute":false}],
	"members":[{"user":{"id":"99"},"roles":["30","31"],"nick":null},{"user":{"id":"50"},"roles":["30"]},{"user":{"id":"51"},"roles":[]}],
	"presences":[{"user":{"id":"50"},"status":"online"},{"user":{"id":"51"},"status":"idle"}]}`

// Each case is an event (Discord: "Gateway Events"; the names of the sections are those of the events), and
// what it makes of one of the guild's fields.
var eventCases = []struct {
	name, event, data, field, want string
}{
	{"fields", "GUILD_UPDATE", `{"id":"1","name":"new","added":true}`, "name", `"new"`},
	{"a field that was not there", "GUILD_UPDATE", `{"id":"1","added":{"a":[]}}`, "added", `{"a":[]}`},
	{"a list", "GUILD_UPDATE", `{"id":"1","roles":[{"id":"1"},{"id":"31"}]}`, "roles", `[{"id":"1"},{"id":"31"}]`},
	{"what only GUILD_CREATE has", "GUILD_UPDATE", `{"id":"1","name":"new"}`, "large", `true`},
	{"the count", "GUILD_UPDATE", `{"id":"1","member_count":12}`, "member_count", `12`},

	{"another", "CHANNEL_CREATE", `{"id":"12","guild_id":"1","type":15,"new":{}}`, "channels",
		`[{"id":"10","type":0,"name":"text","last_message_id":"500","last_pin_timestamp":null},{"id":"11","type":2,"status":null,"parent_id":"10"},{"id":"12","type":15,"new":{}}]`},
	{"as a whole", "CHANNEL_UPDATE", `{"id":"10","guild_id":"1","type":5}`, "channels", `[{"id":"10","type":5},{"id":"11","type":2,"status":null,"parent_id":"10"}]`},
	{"of a DM", "CHANNEL_CREATE", `{"id":"12","type":1}`, "channels",
		`[{"id":"10","type":0,"name":"text","last_message_id":"500","last_pin_timestamp":null},{"id":"11","type":2,"status":null,"parent_id":"10"}]`},
	{"the channel", "CHANNEL_DELETE", `{"id":"10","guild_id":"1","type":0}`, "channels", `[{"id":"11","type":2,"status":null,"parent_id":"10"}]`},
	{"its threads", "CHANNEL_DELETE", `{"id":"11","guild_id":"1","type":0}`, "threads", `[{"id":"20","parent_id":"10","member_count":3,"unknown":7}]`},
	{"of a channel", "CHANNEL_PINS_UPDATE", `{"guild_id":"1","channel_id":"10","last_pin_timestamp":"2026-09-01T18:00:00.123000+00:00"}`, "channels",
		`[{"id":"10","type":0,"name":"text","last_message_id":"500","last_pin_timestamp":"2026-09-01T18:00:00.123000+00:00"},{"id":"11","type":2,"status":null,"parent_id":"10"}]`},
	{"of a thread", "CHANNEL_PINS_UPDATE", `{"guild_id":"1","channel_id":"20","last_pin_timestamp":"2026-09-01T18:00:00+00:00"}`, "threads",
		`[{"id":"20","parent_id":"10","member_count":3,"unknown":7,"last_pin_timestamp":"2026-09-01T18:00:00+00:00"},{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}}]`},
	{"a channel that shows it", "VOICE_CHANNEL_STATUS_UPDATE", `{"id":"11","guild_id":"1","status":"here"}`, "channels",
		`[{"id":"10","type":0,"name":"text","last_message_id":"500","last_pin_timestamp":null},{"id":"11","type":2,"status":"here","parent_id":"10"}]`},
	{"a channel that does not", "VOICE_CHANNEL_START_TIME_UPDATE", `{"id":"11","guild_id":"1","voice_start_time":1788285600}`, "channels",
		`[{"id":"10","type":0,"name":"text","last_message_id":"500","last_pin_timestamp":null},{"id":"11","type":2,"status":null,"parent_id":"10"}]`},

	{"another", "THREAD_CREATE", `{"id":"22","guild_id":"1","parent_id":"10","newly_created":true}`, "threads",
		`[{"id":"20","parent_id":"10","member_count":3,"unknown":7},{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}},{"id":"22","guild_id":"1","parent_id":"10"}]`},
	{"what it carries", "THREAD_UPDATE", `{"id":"21","guild_id":"1","name":"new","thread_metadata":{"archived":false}}`, "threads",
		`[{"id":"20","parent_id":"10","member_count":3,"unknown":7},{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1},"guild_id":"1","name":"new","thread_metadata":{"archived":false}}]`},
	{"archived", "THREAD_UPDATE", `{"id":"21","guild_id":"1","thread_metadata":{"archived":true}}`, "threads", `[{"id":"20","parent_id":"10","member_count":3,"unknown":7}]`},
	{"active again", "THREAD_UPDATE", `{"id":"23","guild_id":"1","thread_metadata":{"archived":false}}`, "threads",
		`[{"id":"20","parent_id":"10","member_count":3,"unknown":7},{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}},{"id":"23","guild_id":"1","thread_metadata":{"archived":false}}]`},
	{"gone", "THREAD_DELETE", `{"id":"20","guild_id":"1","parent_id":"10","type":11}`, "threads", `[{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}}]`},
	{"of a channel", "THREAD_LIST_SYNC", `{"guild_id":"1","channel_ids":["10"],"threads":[{"id":"24","parent_id":"10"}],"members":[{"id":"24","user_id":"99","flags":3}]}`, "threads",
		`[{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}},{"id":"24","parent_id":"10","member":{"flags":3}}]`},
	{"of the guild", "THREAD_LIST_SYNC", `{"guild_id":"1","threads":[{"id":"24","parent_id":"10"}],"members":[]}`, "threads", `[{"id":"24","parent_id":"10"}]`},
	{"of the bot", "THREAD_MEMBER_UPDATE", `{"id":"20","guild_id":"1","user_id":"99","join_timestamp":"2026-09-01T18:00:00+00:00","flags":2}`, "threads",
		`[{"id":"20","parent_id":"10","member_count":3,"unknown":7,"member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":2}},{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}}]`},
	{"the bot leaves", "THREAD_MEMBERS_UPDATE", `{"id":"21","guild_id":"1","member_count":5,"removed_member_ids":["50","99"]}`, "threads", `[{"id":"20","parent_id":"10","member_count":3,"unknown":7},{"id":"21","parent_id":"11","member_count":5}]`},
	{"the bot joins", "THREAD_MEMBERS_UPDATE", `{"id":"20","guild_id":"1","member_count":4,"added_members":[{"id":"20","user_id":"50","flags":0},{"id":"20","user_id":"99","flags":1,"presence":null,"member":{}}]}`, "threads",
		`[{"id":"20","parent_id":"10","member_count":4,"unknown":7,"member":{"flags":1}},{"id":"21","parent_id":"11","member":{"join_timestamp":"2026-09-01T18:00:00+00:00","flags":1}}]`},

	{"another", "GUILD_ROLE_CREATE", `{"guild_id":"1","role":{"id":"32","name":"new"}}`, "roles", `[{"id":"1","name":"@everyone"},{"id":"30","name":"role"},{"id":"32","name":"new"}]`},
	{"as a whole", "GUILD_ROLE_UPDATE", `{"guild_id":"1","role":{"id":"30","color":5}}`, "roles", `[{"id":"1","name":"@everyone"},{"id":"30","color":5}]`},
	{"the role", "GUILD_ROLE_DELETE", `{"guild_id":"1","role_id":"30"}`, "roles", `[{"id":"1","name":"@everyone"}]`},
	{"of members", "GUILD_ROLE_DELETE", `{"guild_id":"1","role_id":"30"}`, "members", `[{"user":{"id":"99"},"roles":["31"],"nick":null},{"user":{"id":"50"},"roles":[]}]`},
	{"all", "GUILD_EMOJIS_UPDATE", `{"guild_id":"1","emojis":[{"id":"41"},{"id":"42","animated":true}]}`, "emojis", `[{"id":"41"},{"id":"42","animated":true}]`},
	{"none", "GUILD_STICKERS_UPDATE", `{"guild_id":"1","stickers":[]}`, "stickers", `[]`},

	{"begins", "STAGE_INSTANCE_CREATE", `{"id":"56","guild_id":"1"}`, "stage_instances", `[{"id":"55","channel_id":"11"},{"id":"56","guild_id":"1"}]`},
	{"changes", "STAGE_INSTANCE_UPDATE", `{"id":"55","guild_id":"1","topic":"t"}`, "stage_instances", `[{"id":"55","guild_id":"1","topic":"t"}]`},
	{"ends", "STAGE_INSTANCE_DELETE", `{"id":"55","guild_id":"1"}`, "stage_instances", `[]`},
	{"another", "GUILD_SCHEDULED_EVENT_CREATE", `{"id":"61","guild_id":"1"}`, "guild_scheduled_events", `[{"id":"60","user_count":4,"name":"party"},{"id":"61","guild_id":"1"}]`},
	{"without its count", "GUILD_SCHEDULED_EVENT_UPDATE", `{"id":"60","guild_id":"1","name":"new"}`, "guild_scheduled_events", `[{"id":"60","user_count":4,"name":"new","guild_id":"1"}]`},
	{"over", "GUILD_SCHEDULED_EVENT_DELETE", `{"id":"60","guild_id":"1"}`, "guild_scheduled_events", `[]`},
	{"comes", "GUILD_SCHEDULED_EVENT_USER_ADD", `{"guild_scheduled_event_id":"60","user_id":"50","guild_id":"1"}`, "guild_scheduled_events", `[{"id":"60","user_count":5,"name":"party"}]`},
	{"does not", "GUILD_SCHEDULED_EVENT_USER_REMOVE", `{"guild_scheduled_event_id":"60","user_id":"50","guild_id":"1"}`, "guild_scheduled_events", `[{"id":"60","user_count":3,"name":"party"}]`},
	{"another", "GUILD_SOUNDBOARD_SOUND_CREATE", `{"sound_id":"71","guild_id":"1"}`, "soundboard_sounds", `[{"sound_id":"70"},{"sound_id":"71","guild_id":"1"}]`},
	{"changes", "GUILD_SOUNDBOARD_SOUND_UPDATE", `{"sound_id":"70","guild_id":"1","volume":0.5}`, "soundboard_sounds", `[{"sound_id":"70","guild_id":"1","volume":0.5}]`},
	{"gone", "GUILD_SOUNDBOARD_SOUND_DELETE", `{"sound_id":"70","guild_id":"1"}`, "soundboard_sounds", `[]`},
	{"some", "GUILD_SOUNDBOARD_SOUNDS_UPDATE", `{"soundboard_sounds":[{"sound_id":"70","name":"n"},{"sound_id":"72"}],"guild_id":"1"}`, "soundboard_sounds", `[{"sound_id":"70","name":"n"},{"sound_id":"72"}]`},

	{"joins", "VOICE_STATE_UPDATE", `{"user_id":"51","channel_id":"11","guild_id":"1","member":{"user":{"id":"51"},"roles":[]}}`, "voice_states", `[{"user_id":"50","channel_id":"11","self_mute":false},{"user_id":"51","channel_id":"11"}]`},
	{"is a member then", "VOICE_STATE_UPDATE", `{"user_id":"51","channel_id":"11","guild_id":"1","member":{"user":{"id":"51"},"roles":["30"]}}`, "members",
		`[{"user":{"id":"99"},"roles":["30","31"],"nick":null},{"user":{"id":"50"},"roles":["30"]},{"user":{"id":"51"},"roles":["30"]}]`},
	{"moves", "VOICE_STATE_UPDATE", `{"user_id":"50","channel_id":"12","guild_id":"1","self_mute":true}`, "voice_states", `[{"user_id":"50","channel_id":"12","self_mute":true}]`},
	{"leaves", "VOICE_STATE_UPDATE", `{"user_id":"50","channel_id":null,"guild_id":"1"}`, "voice_states", `[]`},
	{"is no member then", "VOICE_STATE_UPDATE", `{"user_id":"50","channel_id":null,"guild_id":"1"}`, "members", `[{"user":{"id":"99"},"roles":["30","31"],"nick":null}]`},
	{"counts", "GUILD_MEMBER_ADD", `{"guild_id":"1","user":{"id":"52"}}`, "member_count", `11`},
	{"is left out", "GUILD_MEMBER_ADD", `{"guild_id":"1","user":{"id":"52"}}`, "members", `[{"user":{"id":"99"},"roles":["30","31"],"nick":null},{"user":{"id":"50"},"roles":["30"]}]`},
	{"counts", "GUILD_MEMBER_REMOVE", `{"guild_id":"1","user":{"id":"52"}}`, "member_count", `9`},
	{"the bot", "GUILD_MEMBER_UPDATE", `{"guild_id":"1","user":{"id":"99","bot":true},"nick":"sluice"}`, "members", `[{"user":{"id":"99","bot":true},"roles":["30","31"],"nick":"sluice"},{"user":{"id":"50"},"roles":["30"]}]`},
	{"somebody else", "GUILD_MEMBER_UPDATE", `{"guild_id":"1","user":{"id":"50"},"nick":"fifty"}`, "members", `[{"user":{"id":"99"},"roles":["30","31"],"nick":null},{"user":{"id":"50"},"roles":["30"]}]`},

	{"last_message_id stays", "MESSAGE_CREATE", `{"id":"900","guild_id":"1","channel_id":"10"}`, "channels",
		`[{"id":"10","type":0,"name":"text","last_message_id":"500","last_pin_timestamp":null},{"id":"11","type":2,"status":null,"parent_id":"10"}]`},
	{"presences are left out", "TYPING_START", `{}`, "presences", `[]`},
	{"what is unknown stays", "TYPING_START", `{}`, "unknown", `{"deep":[1.50,"é"]}`},
}

func TestEvents(t *testing.T) {
	for _, test := range eventCases {
		t.Run(test.event+" "+test.name, func(t *testing.T) {
			s := base(t, Config{})
			apply(t, s, test.event, test.data)
			want := parse([]byte(`{"is":` + test.want + `}`))["is"]
			if is := created(t, s)[test.field]; !reflect.DeepEqual(is, want) {
				t.Errorf("%s is %v, want %v", test.field, is, want)
			}
			s.foldAll(t, s.guilds[1]) // the same when the log is applied
			if is := created(t, s)[test.field]; !reflect.DeepEqual(is, want) {
				t.Errorf("folded, %s is %v, want %v", test.field, is, want)
			}
		})
	}
	covered := map[string]bool{"READY": true, "USER_UPDATE": true, "GUILD_CREATE": true, "GUILD_DELETE": true} // by other tests
	for _, test := range eventCases {
		covered[test.event] = true
	}
	for event := range Events().All() {
		if !covered[event.String()] {
			t.Errorf("there is no case of %v", event)
		}
	}
}

// foldAll applies a guild's logs.
func (s *Shard) foldAll(t *testing.T, g *guild) {
	t.Helper()
	s.beginEvent()
	defer s.endEvent()
	s.about(g.id)
	for of := range numGroups {
		if err := s.fold(g, of); err != nil {
			t.Fatal(err)
		}
	}
}

func base(t *testing.T, config Config) *Shard {
	t.Helper()
	s := NewShard(config)
	apply(t, s, "READY", readyData)
	apply(t, s, "GUILD_CREATE", baseGuild)
	return s
}

func apply(t *testing.T, s *Shard, name, data string) {
	t.Helper()
	if err := s.Apply(eventTypes[name], []byte(data)); err != nil {
		t.Fatal(err)
	}
}

// created returns what the base guild is now.
func created(t *testing.T, s *Shard) object {
	t.Helper()
	data, err := s.guild(t, 1).AppendCreate(nil)
	if err != nil {
		t.Fatal(err)
	}
	return parse(data)
}

func TestUnavailable(t *testing.T) {
	s := base(t, Config{})
	apply(t, s, "GUILD_DELETE", `{"id":"1","unavailable":true}`)
	g := s.guild(t, 1)
	if _, err := g.AppendCreate(nil); !g.Unavailable || !errors.Is(err, ErrUnavailable) {
		t.Errorf("unavailable %v, %v", g.Unavailable, err)
	}
	apply(t, s, "CHANNEL_CREATE", `{"id":"12","guild_id":"1"}`) // of no use
	if views := s.Views(); len(views) > 0 {
		t.Errorf("%d views", len(views))
	}
	apply(t, s, "GUILD_CREATE", baseGuild)
	if is := created(t, s); is["name"] != "guild" {
		t.Errorf("it is back as %v", is)
	}
	apply(t, s, "GUILD_CREATE", `{"id":"1","unavailable":true}`)
	if !s.guild(t, 1).Unavailable {
		t.Error("a GUILD_CREATE that says so does not make it unavailable")
	}
	apply(t, s, "GUILD_DELETE", `{"id":"1"}`)
	if n := s.Stats().Guilds; n != 1 { // the other one of READY
		t.Errorf("%d guilds", n)
	}
}

// TestMembers keeps all members.
func TestMembers(t *testing.T) {
	s := base(t, Config{Members: true})
	apply(t, s, "GUILD_MEMBER_ADD", `{"guild_id":"1","user":{"id":"52"},"roles":[]}`)
	apply(t, s, "GUILD_MEMBER_UPDATE", `{"guild_id":"1","user":{"id":"51"},"nick":"n"}`)
	apply(t, s, "GUILD_MEMBER_UPDATE", `{"guild_id":"1","user":{"id":"53"},"nick":"never heard of"}`)
	apply(t, s, "GUILD_MEMBER_REMOVE", `{"guild_id":"1","user":{"id":"50"}}`)
	apply(t, s, "VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"51","channel_id":null}`)
	is := created(t, s)
	for field, want := range map[string]string{
		"members":   `[{"user":{"id":"99"},"roles":["30","31"],"nick":null},{"user":{"id":"51"},"roles":[],"nick":"n"},{"user":{"id":"52"},"roles":[]}]`,
		"presences": `[{"user":{"id":"51"},"status":"idle"}]`,
	} {
		if want := parse([]byte(`{"is":` + want + `}`))["is"]; !reflect.DeepEqual(is[field], want) {
			t.Errorf("%s is %v, want %v", field, is[field], want)
		}
	}
}

// TestViews looks at a guild as of a moment.
func TestViews(t *testing.T) {
	s := base(t, Config{})
	apply(t, s, "CHANNEL_UPDATE", `{"id":"10","guild_id":"1","name":"then"}`)
	views := s.Views()
	apply(t, s, "CHANNEL_UPDATE", `{"id":"10","guild_id":"1","name":"now"}`)
	apply(t, s, "GUILD_MEMBER_ADD", `{"guild_id":"1","user":{"id":"52"}}`)
	apply(t, s, "GUILD_DELETE", `{"id":"1"}`)
	if len(views) != 1 || views[0].ID != 1 {
		t.Fatalf("%d views", len(views))
	}
	data, err := views[0].AppendCreate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if is := parse(data); dig(array(is["channels"])[0], "name") != "then" || is["member_count"] != json.Number("10") {
		t.Errorf("it has what came later: %s", data)
	}
}

// TestDeep nests as deep as may be, in each place where that ends up one level deeper.
func TestDeep(t *testing.T) {
	s := base(t, Config{})
	for depth := 90; depth <= maxDepth+1; depth++ {
		deep := strings.Repeat(`[`, depth) + strings.Repeat(`]`, depth)
		for event, data := range map[string]string{
			"CHANNEL_UPDATE": `{"guild_id":"1","id":"10","deep":` + deep + `}`, "GUILD_UPDATE": `{"id":"1","deep":` + deep + `}`,
			"THREAD_MEMBER_UPDATE": `{"guild_id":"1","id":"20","deep":` + deep + `}`, "GUILD_EMOJIS_UPDATE": `{"guild_id":"1","emojis":[{"id":"41","deep":` + deep + `}]}`,
		} {
			if err := s.Apply(eventTypes[event], []byte(data)); err != nil && !errors.Is(err, errDeep) {
				t.Errorf("%s, %d deep: %v", event, depth, err)
			}
			created(t, s)
			s.foldAll(t, s.guilds[1])
			created(t, s)
		}
	}
}

// TestMalformed applies what makes no sense: it is an error, and changes nothing but Stale.
func TestMalformed(t *testing.T) {
	for _, test := range []struct{ event, data string }{
		{"CHANNEL_UPDATE", `{"guild_id":"1","id":"10","name":`},
		{"CHANNEL_UPDATE", `{"guild_id":"1","id":"10","name":"a	b"}`},
		{"CHANNEL_UPDATE", `{"guild_id":"1","name":"no id"}`},
		{"CHANNEL_UPDATE", `{"guild_id":"1","id":"ten"}`},
		{"CHANNEL_UPDATE", `{"guild_id":"1","id":"10","deep":` + strings.Repeat("[", 200) + strings.Repeat("]", 200) + `}`},
		{"CHANNEL_DELETE", `{"guild_id":"1"}`},
		{"CHANNEL_PINS_UPDATE", `{"guild_id":"1","channel_id":"10","last_pin_timestamp":[}]}`},
		{"VOICE_CHANNEL_STATUS_UPDATE", `{"guild_id":"1","id":"11"}`},
		{"THREAD_LIST_SYNC", `{"guild_id":"1","channel_ids":["10"],"threads":[{"id":"24"},{"no":"id"}]}`},
		{"THREAD_LIST_SYNC", `{"guild_id":"1","channel_ids":[10,{}],"threads":[]}`},
		{"THREAD_MEMBER_UPDATE", `{"guild_id":"1"}`},
		{"GUILD_ROLE_UPDATE", `{"guild_id":"1","role":5}`},
		{"GUILD_ROLE_DELETE", `{"guild_id":"1","role_id":null}`},
		{"GUILD_EMOJIS_UPDATE", `{"guild_id":"1"}`},
		{"GUILD_EMOJIS_UPDATE", `{"guild_id":"1","emojis":{}}`},
		{"GUILD_EMOJIS_UPDATE", `{"guild_id":"1","emojis":[{"id":"41"},{"id":"42",}]}`},
		{"GUILD_STICKERS_UPDATE", `{"guild_id":"1","stickers":[1]}`},
		{"GUILD_SCHEDULED_EVENT_USER_ADD", `{"guild_id":"1"}`},
		{"GUILD_UPDATE", `{"id":"1","name":"new","roles":{}}`},
		{"GUILD_UPDATE", `{"id":"1","name":"new","roles":[{"id":"1"}`},
		{"GUILD_CREATE", `{"id":"1","name":"new","channels":"none"}`},
		{"GUILD_CREATE", `{"id":"1","name":"new","channels":[{]}`},
		{"VOICE_STATE_UPDATE", `{"guild_id":"1","user_id":"me","channel_id":"11"}`},
		{"GUILD_MEMBER_UPDATE", `{"guild_id":"1","user":{}}`},
	} {
		s := base(t, Config{})
		before := created(t, s)
		if err := s.Apply(eventTypes[test.event], []byte(test.data)); err == nil || !strings.Contains(err.Error(), test.event) {
			t.Errorf("%s %s: %v", test.event, test.data, err)
		}
		if now := created(t, s); !reflect.DeepEqual(now, before) {
			t.Errorf("%s %s: the guild is another one: %v", test.event, test.data, now)
		}
		if stats := s.Stats(); stats.Errors != 1 || stats.Stale != 1 || !s.guild(t, 1).Stale {
			t.Errorf("%s %s: %+v", test.event, test.data, stats)
		}
		if apply(t, s, "GUILD_CREATE", baseGuild); s.guild(t, 1).Stale {
			t.Errorf("%s %s: still stale after a GUILD_CREATE", test.event, test.data)
		}
	}
	s := base(t, Config{})
	for event, data := range map[string]string{"READY": `{"user":{"id":"99"},"guilds":[{"id":"1"},{}]}`, "USER_UPDATE": `[]`, "GUILD_DELETE": `{}`, "VOICE_STATE_UPDATE": ``} {
		if err := s.Apply(eventTypes[event], []byte(data)); err == nil {
			t.Errorf("%s %s is in order", event, data)
		}
	}
	var syntax *lazyjson.SyntaxError
	if err := s.Apply(gateway.EventGuildUpdate, []byte(`{"id":"1","name":`)); !errors.As(err, &syntax) {
		t.Errorf("no syntax error: %v", err)
	}
	if !s.HasReady() || s.guild(t, 1).Unavailable {
		t.Error("a broken event took something away")
	}
}
