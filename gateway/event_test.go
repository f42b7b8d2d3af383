package gateway

import (
	"strings"
	"testing"
)

// dispatchNames holds the documented dispatches (Discord: "Receive Events"), written apart from
// the table of the package.
var dispatchNames = strings.Fields(`
	READY RESUMED RATE_LIMITED APPLICATION_COMMAND_PERMISSIONS_UPDATE INTERACTION_CREATE USER_UPDATE
	PRESENCE_UPDATE TYPING_START WEBHOOKS_UPDATE
	AUTO_MODERATION_RULE_CREATE AUTO_MODERATION_RULE_UPDATE AUTO_MODERATION_RULE_DELETE
	AUTO_MODERATION_ACTION_EXECUTION
	CHANNEL_CREATE CHANNEL_UPDATE CHANNEL_DELETE CHANNEL_INFO CHANNEL_PINS_UPDATE
	THREAD_CREATE THREAD_UPDATE THREAD_DELETE THREAD_LIST_SYNC THREAD_MEMBER_UPDATE THREAD_MEMBERS_UPDATE
	ENTITLEMENT_CREATE ENTITLEMENT_UPDATE ENTITLEMENT_DELETE
	SUBSCRIPTION_CREATE SUBSCRIPTION_UPDATE SUBSCRIPTION_DELETE
	INTEGRATION_CREATE INTEGRATION_UPDATE INTEGRATION_DELETE
	STAGE_INSTANCE_CREATE STAGE_INSTANCE_UPDATE STAGE_INSTANCE_DELETE
	GUILD_CREATE GUILD_UPDATE GUILD_DELETE GUILD_AUDIT_LOG_ENTRY_CREATE GUILD_BAN_ADD GUILD_BAN_REMOVE
	GUILD_EMOJIS_UPDATE GUILD_STICKERS_UPDATE GUILD_INTEGRATIONS_UPDATE
	GUILD_MEMBER_ADD GUILD_MEMBER_REMOVE GUILD_MEMBER_UPDATE GUILD_MEMBERS_CHUNK
	GUILD_ROLE_CREATE GUILD_ROLE_UPDATE GUILD_ROLE_DELETE
	GUILD_SCHEDULED_EVENT_CREATE GUILD_SCHEDULED_EVENT_UPDATE GUILD_SCHEDULED_EVENT_DELETE
	GUILD_SCHEDULED_EVENT_USER_ADD GUILD_SCHEDULED_EVENT_USER_REMOVE
	GUILD_SOUNDBOARD_SOUND_CREATE GUILD_SOUNDBOARD_SOUND_UPDATE GUILD_SOUNDBOARD_SOUND_DELETE
	GUILD_SOUNDBOARD_SOUNDS_UPDATE SOUNDBOARD_SOUNDS
	INVITE_CREATE INVITE_DELETE
	MESSAGE_CREATE MESSAGE_UPDATE MESSAGE_DELETE MESSAGE_DELETE_BULK
	MESSAGE_REACTION_ADD MESSAGE_REACTION_REMOVE MESSAGE_REACTION_REMOVE_ALL MESSAGE_REACTION_REMOVE_EMOJI
	MESSAGE_POLL_VOTE_ADD MESSAGE_POLL_VOTE_REMOVE
	VOICE_STATE_UPDATE VOICE_SERVER_UPDATE VOICE_CHANNEL_EFFECT_SEND VOICE_CHANNEL_STATUS_UPDATE
	VOICE_CHANNEL_START_TIME_UPDATE`)

var otherNames = strings.Fields(`
	HELLO HEARTBEAT RECONNECT INVALID_SESSION HEARTBEAT_ACK
	CLOSED SESSION_LOST SESSION_RESUMED GUILDS_READY STATE_CHANGED PAYLOAD_SENT SESSION_BEGAN`)

// Two names that share a bit would let through what nobody asked for.
func TestEventTypesShareNothing(t *testing.T) {
	if len(dispatchNames) != 79 {
		t.Fatalf("%d dispatches, want 79", len(dispatchNames))
	}
	names := append(append([]string{"UNKNOWN"}, dispatchNames...), otherNames...)
	if len(names) != numEventTypes {
		t.Fatalf("%d names for %d event types", len(names), numEventTypes)
	}
	byName := map[string]EventType{}
	bit := map[EventSet]string{}
	for e := range EventType(numEventTypes) {
		name := e.String()
		if other, ok := byName[name]; ok {
			t.Errorf("types %d and %d are both %q", other, e, name)
		}
		byName[name] = e
		set := Events(e)
		if set.Len() != 1 {
			t.Errorf("%v: %d bits", e, set.Len())
		}
		if other, ok := bit[set]; ok {
			t.Errorf("%s and %s share a bit", other, name)
		}
		bit[set] = name
	}
	for i, name := range names {
		e, ok := byName[name]
		if !ok {
			t.Errorf("no event type is named %s", name)
		}
		if want := i <= len(dispatchNames); e.IsDispatch() != want {
			t.Errorf("%s: IsDispatch() = %v, want %v", name, !want, want)
		}
	}
}

// The constants' names follow from Discord's; a few stand for the rule, and the ends of each group
// for the order.
func TestEventTypeConstants(t *testing.T) {
	for e, want := range map[EventType]string{
		EventUnknown:                             "UNKNOWN",
		EventReady:                               "READY",
		EventApplicationCommandPermissionsUpdate: "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
		EventGuildMembersChunk:                   "GUILD_MEMBERS_CHUNK",
		EventGuildSoundboardSoundUpdate:          "GUILD_SOUNDBOARD_SOUND_UPDATE",
		EventGuildSoundboardSoundsUpdate:         "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
		EventMessageCreate:                       "MESSAGE_CREATE",
		EventVoiceChannelStartTimeUpdate:         "VOICE_CHANNEL_START_TIME_UPDATE",
		EventHello:                               "HELLO",
		EventHeartbeatACK:                        "HEARTBEAT_ACK",
		EventClosed:                              "CLOSED",
		EventStateChanged:                        "STATE_CHANGED",
		EventPayloadSent:                         "PAYLOAD_SENT",
		EventSessionBegan:                        "SESSION_BEGAN",
		EventSessionBegan + 1:                    "EventType 92",
		255:                                      "EventType 255",
	} {
		if got := e.String(); got != want {
			t.Errorf("EventType(%d).String() = %q, want %q", uint8(e), got, want)
		}
	}
	if EventUnknown != 0 || EventReady != 1 || EventHello != 80 || EventClosed != 85 {
		t.Error("event types are not in the order unknown, dispatches, other payloads, synthetic events")
	}
}
