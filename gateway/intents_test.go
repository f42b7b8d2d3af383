package gateway

import (
	"strings"
	"testing"
)

// Discord: "List of Intents", bit, name and events, written apart from the table of the package.
var intentRows = []struct {
	intent Intents
	bit    int
	name   string
	events string
}{
	{IntentGuilds, 0, "GUILDS", `GUILD_CREATE GUILD_UPDATE GUILD_DELETE GUILD_ROLE_CREATE GUILD_ROLE_UPDATE
		GUILD_ROLE_DELETE CHANNEL_CREATE CHANNEL_UPDATE CHANNEL_DELETE CHANNEL_PINS_UPDATE THREAD_CREATE
		THREAD_UPDATE THREAD_DELETE THREAD_LIST_SYNC THREAD_MEMBER_UPDATE THREAD_MEMBERS_UPDATE
		STAGE_INSTANCE_CREATE STAGE_INSTANCE_UPDATE STAGE_INSTANCE_DELETE VOICE_CHANNEL_STATUS_UPDATE
		VOICE_CHANNEL_START_TIME_UPDATE`},
	{IntentGuildMembers, 1, "GUILD_MEMBERS", "GUILD_MEMBER_ADD GUILD_MEMBER_UPDATE GUILD_MEMBER_REMOVE THREAD_MEMBERS_UPDATE"},
	{IntentGuildModeration, 2, "GUILD_MODERATION", "GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE"},
	{IntentGuildExpressions, 3, "GUILD_EXPRESSIONS", `GUILD_EMOJIS_UPDATE GUILD_STICKERS_UPDATE
		GUILD_SOUNDBOARD_SOUND_CREATE GUILD_SOUNDBOARD_SOUND_UPDATE GUILD_SOUNDBOARD_SOUND_DELETE
		GUILD_SOUNDBOARD_SOUNDS_UPDATE`},
	{IntentGuildIntegrations, 4, "GUILD_INTEGRATIONS", `GUILD_INTEGRATIONS_UPDATE INTEGRATION_CREATE
		INTEGRATION_UPDATE INTEGRATION_DELETE`},
	{IntentGuildWebhooks, 5, "GUILD_WEBHOOKS", "WEBHOOKS_UPDATE"},
	{IntentGuildInvites, 6, "GUILD_INVITES", "INVITE_CREATE INVITE_DELETE"},
	{IntentGuildVoiceStates, 7, "GUILD_VOICE_STATES", "VOICE_CHANNEL_EFFECT_SEND VOICE_STATE_UPDATE"},
	{IntentGuildPresences, 8, "GUILD_PRESENCES", "PRESENCE_UPDATE"},
	{IntentGuildMessages, 9, "GUILD_MESSAGES", "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE MESSAGE_DELETE_BULK"},
	{IntentGuildMessageReactions, 10, "GUILD_MESSAGE_REACTIONS", `MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE
		MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI`},
	{IntentGuildMessageTyping, 11, "GUILD_MESSAGE_TYPING", "TYPING_START"},
	{IntentDirectMessages, 12, "DIRECT_MESSAGES", "MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE CHANNEL_PINS_UPDATE"},
	{IntentDirectMessageReactions, 13, "DIRECT_MESSAGE_REACTIONS", `MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE
		MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI`},
	{IntentDirectMessageTyping, 14, "DIRECT_MESSAGE_TYPING", "TYPING_START"},
	{IntentMessageContent, 15, "MESSAGE_CONTENT", ""},
	{IntentGuildScheduledEvents, 16, "GUILD_SCHEDULED_EVENTS", `GUILD_SCHEDULED_EVENT_CREATE
		GUILD_SCHEDULED_EVENT_UPDATE GUILD_SCHEDULED_EVENT_DELETE GUILD_SCHEDULED_EVENT_USER_ADD
		GUILD_SCHEDULED_EVENT_USER_REMOVE`},
	{IntentAutoModerationConfiguration, 20, "AUTO_MODERATION_CONFIGURATION", `AUTO_MODERATION_RULE_CREATE
		AUTO_MODERATION_RULE_UPDATE AUTO_MODERATION_RULE_DELETE`},
	{IntentAutoModerationExecution, 21, "AUTO_MODERATION_EXECUTION", "AUTO_MODERATION_ACTION_EXECUTION"},
	{IntentGuildMessagePolls, 24, "GUILD_MESSAGE_POLLS", "MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE"},
	{IntentDirectMessagePolls, 25, "DIRECT_MESSAGE_POLLS", "MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE"},
}

// What no intent brings comes without one.
const withoutIntentNames = `READY RESUMED RATE_LIMITED APPLICATION_COMMAND_PERMISSIONS_UPDATE
	INTERACTION_CREATE USER_UPDATE CHANNEL_INFO ENTITLEMENT_CREATE ENTITLEMENT_UPDATE ENTITLEMENT_DELETE
	SUBSCRIPTION_CREATE SUBSCRIPTION_UPDATE SUBSCRIPTION_DELETE GUILD_MEMBERS_CHUNK SOUNDBOARD_SOUNDS
	VOICE_SERVER_UPDATE`

func setOf(t *testing.T, names string) EventSet {
	t.Helper()
	var types []EventType
	for _, name := range strings.Fields(names) {
		e := ParseEventType([]byte(name))
		if e == EventUnknown {
			t.Errorf("unknown event %s", name)
		}
		types = append(types, e)
	}
	return Events(types...)
}

func TestIntents(t *testing.T) {
	var all Intents
	var brought EventSet
	for _, row := range intentRows {
		if row.intent != 1<<row.bit {
			t.Errorf("%s = %d, want bit %d", row.name, uint64(row.intent), row.bit)
		}
		if got := row.intent.String(); got != row.name {
			t.Errorf("bit %d is %q, want %q", row.bit, got, row.name)
		}
		if got, err := ParseIntents(row.name); got != row.intent || err != nil {
			t.Errorf("ParseIntents(%q) = %d, %v", row.name, uint64(got), err)
		}
		want := setOf(t, row.events)
		if got := row.intent.Events(); got != want {
			t.Errorf("%s brings %v, want %v", row.name, got, want)
		}
		all |= row.intent
		brought = brought.Union(want)
		if got := all.Events(); got != brought {
			t.Errorf("%v brings %v, want %v", all, got, brought)
		}
	}
	if all != IntentsAll || IntentsAll != 53608447 {
		t.Errorf("all intents are %d, IntentsAll is %d, want 53608447", uint64(all), uint64(IntentsAll))
	}
	if IntentsUnprivileged != 53575421 || IntentsPrivileged != 1<<1|1<<8|1<<15 {
		t.Errorf("unprivileged %d, privileged %d", uint64(IntentsUnprivileged), uint64(IntentsPrivileged))
	}
	if got := (^IntentsAll).Events(); !got.IsEmpty() {
		t.Errorf("bits that are no intent bring %v", got)
	}

	without := setOf(t, withoutIntentNames)
	if both := without.Intersect(brought); !both.IsEmpty() {
		t.Errorf("%v are in both lists", both)
	}
	if sum := without.Union(brought).Union(Events(EventUnknown)); sum != AllDispatches() {
		t.Errorf("%v are in neither list", AllDispatches().Without(sum))
	}
	// Discord, "Caveats": the bot's own GUILD_MEMBER_UPDATE comes whatever the intents are.
	want := without.Union(Events(EventUnknown, EventGuildMemberUpdate))
	if got := EventsWithoutIntent(); got != want {
		t.Errorf("EventsWithoutIntent() = %v, want %v", got, want)
	}
}
