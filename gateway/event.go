package gateway

import "strconv"

// An EventType says which event it is: what the key t holds, as a small number, and a bit of
// an [EventSet]. Its values are not Discord's and may change from one version of this
// package to the next: store the name.
type EventType uint8

// EventUnknown is a dispatch whose name this package does not know. New names appear without
// notice, so it is never an error.
const EventUnknown EventType = 0

// The dispatches that Discord documents under "Receive Events" (opcode 0).
const (
	// The session and the bot itself.
	EventReady                               EventType = iota + 1 // READY: the session began: session_id, resume_gateway_url, guild stubs
	EventResumed                                                  // RESUMED: every missed event has been replayed
	EventRateLimited                                              // RATE_LIMITED: a sent payload was refused for its rate
	EventApplicationCommandPermissionsUpdate                      // APPLICATION_COMMAND_PERMISSIONS_UPDATE: permissions of a command changed
	EventInteractionCreate                                        // INTERACTION_CREATE: a user used a command or a component
	EventUserUpdate                                               // USER_UPDATE: the bot's user changed
	EventPresenceUpdate                                           // PRESENCE_UPDATE: a user's status or activities changed
	EventTypingStart                                              // TYPING_START: a user began to type
	EventWebhooksUpdate                                           // WEBHOOKS_UPDATE: webhooks of a channel changed

	// Auto moderation.
	EventAutoModerationRuleCreate      // AUTO_MODERATION_RULE_CREATE: a rule was made
	EventAutoModerationRuleUpdate      // AUTO_MODERATION_RULE_UPDATE: a rule changed
	EventAutoModerationRuleDelete      // AUTO_MODERATION_RULE_DELETE: a rule was deleted
	EventAutoModerationActionExecution // AUTO_MODERATION_ACTION_EXECUTION: a rule took an action

	// Channels.
	EventChannelCreate     // CHANNEL_CREATE: a channel was made
	EventChannelUpdate     // CHANNEL_UPDATE: a channel changed
	EventChannelDelete     // CHANNEL_DELETE: a channel was deleted
	EventChannelInfo       // CHANNEL_INFO: the answer to Request Channel Info
	EventChannelPinsUpdate // CHANNEL_PINS_UPDATE: a message was pinned or unpinned

	// Threads.
	EventThreadCreate        // THREAD_CREATE: a thread was made, or the bot was added to a private one
	EventThreadUpdate        // THREAD_UPDATE: a thread changed
	EventThreadDelete        // THREAD_DELETE: a thread was deleted
	EventThreadListSync      // THREAD_LIST_SYNC: the bot gained access to a channel with threads
	EventThreadMemberUpdate  // THREAD_MEMBER_UPDATE: the bot's own thread member changed
	EventThreadMembersUpdate // THREAD_MEMBERS_UPDATE: users joined or left a thread

	// Entitlements and subscriptions.
	EventEntitlementCreate  // ENTITLEMENT_CREATE: an entitlement was made
	EventEntitlementUpdate  // ENTITLEMENT_UPDATE: an entitlement changed
	EventEntitlementDelete  // ENTITLEMENT_DELETE: an entitlement was deleted
	EventSubscriptionCreate // SUBSCRIPTION_CREATE: a premium app subscription was made
	EventSubscriptionUpdate // SUBSCRIPTION_UPDATE: a premium app subscription changed
	EventSubscriptionDelete // SUBSCRIPTION_DELETE: a premium app subscription was deleted

	// Integrations and stages.
	EventIntegrationCreate   // INTEGRATION_CREATE: an integration was made
	EventIntegrationUpdate   // INTEGRATION_UPDATE: an integration changed
	EventIntegrationDelete   // INTEGRATION_DELETE: an integration was deleted
	EventStageInstanceCreate // STAGE_INSTANCE_CREATE: a stage began
	EventStageInstanceUpdate // STAGE_INSTANCE_UPDATE: a stage changed
	EventStageInstanceDelete // STAGE_INSTANCE_DELETE: a stage ended

	// Guilds and their members.
	EventGuildCreate              // GUILD_CREATE: a guild became available, or the bot joined it
	EventGuildUpdate              // GUILD_UPDATE: a guild changed
	EventGuildDelete              // GUILD_DELETE: a guild became unavailable, or the bot left it
	EventGuildAuditLogEntryCreate // GUILD_AUDIT_LOG_ENTRY_CREATE: an audit log entry was made
	EventGuildBanAdd              // GUILD_BAN_ADD: a user was banned
	EventGuildBanRemove           // GUILD_BAN_REMOVE: a user was unbanned
	EventGuildEmojisUpdate        // GUILD_EMOJIS_UPDATE: the emojis changed
	EventGuildStickersUpdate      // GUILD_STICKERS_UPDATE: the stickers changed
	EventGuildIntegrationsUpdate  // GUILD_INTEGRATIONS_UPDATE: an integration changed
	EventGuildMemberAdd           // GUILD_MEMBER_ADD: a user joined
	EventGuildMemberRemove        // GUILD_MEMBER_REMOVE: a member left, was kicked or banned
	EventGuildMemberUpdate        // GUILD_MEMBER_UPDATE: a member changed
	EventGuildMembersChunk        // GUILD_MEMBERS_CHUNK: an answer to Request Guild Members

	// Roles and scheduled events.
	EventGuildRoleCreate               // GUILD_ROLE_CREATE: a role was made
	EventGuildRoleUpdate               // GUILD_ROLE_UPDATE: a role changed
	EventGuildRoleDelete               // GUILD_ROLE_DELETE: a role was deleted
	EventGuildScheduledEventCreate     // GUILD_SCHEDULED_EVENT_CREATE: a scheduled event was made
	EventGuildScheduledEventUpdate     // GUILD_SCHEDULED_EVENT_UPDATE: a scheduled event changed
	EventGuildScheduledEventDelete     // GUILD_SCHEDULED_EVENT_DELETE: a scheduled event was deleted
	EventGuildScheduledEventUserAdd    // GUILD_SCHEDULED_EVENT_USER_ADD: a user subscribed to a scheduled event
	EventGuildScheduledEventUserRemove // GUILD_SCHEDULED_EVENT_USER_REMOVE: a user unsubscribed from a scheduled event

	// Soundboards.
	EventGuildSoundboardSoundCreate  // GUILD_SOUNDBOARD_SOUND_CREATE: a sound was made
	EventGuildSoundboardSoundUpdate  // GUILD_SOUNDBOARD_SOUND_UPDATE: a sound changed
	EventGuildSoundboardSoundDelete  // GUILD_SOUNDBOARD_SOUND_DELETE: a sound was deleted
	EventGuildSoundboardSoundsUpdate // GUILD_SOUNDBOARD_SOUNDS_UPDATE: several sounds changed
	EventSoundboardSounds            // SOUNDBOARD_SOUNDS: an answer to Request Soundboard Sounds

	// Invites and messages.
	EventInviteCreate               // INVITE_CREATE: an invite was made
	EventInviteDelete               // INVITE_DELETE: an invite was deleted
	EventMessageCreate              // MESSAGE_CREATE: a message was written
	EventMessageUpdate              // MESSAGE_UPDATE: a message was edited
	EventMessageDelete              // MESSAGE_DELETE: a message was deleted
	EventMessageDeleteBulk          // MESSAGE_DELETE_BULK: several messages were deleted at once
	EventMessageReactionAdd         // MESSAGE_REACTION_ADD: a user reacted to a message
	EventMessageReactionRemove      // MESSAGE_REACTION_REMOVE: a reaction was taken back
	EventMessageReactionRemoveAll   // MESSAGE_REACTION_REMOVE_ALL: all reactions of a message were removed
	EventMessageReactionRemoveEmoji // MESSAGE_REACTION_REMOVE_EMOJI: all reactions with one emoji were removed
	EventMessagePollVoteAdd         // MESSAGE_POLL_VOTE_ADD: a user voted in a poll
	EventMessagePollVoteRemove      // MESSAGE_POLL_VOTE_REMOVE: a vote was taken back

	// Voice.
	EventVoiceStateUpdate            // VOICE_STATE_UPDATE: a user joined, left or moved between voice channels
	EventVoiceServerUpdate           // VOICE_SERVER_UPDATE: a voice server is ready for the bot
	EventVoiceChannelEffectSend      // VOICE_CHANNEL_EFFECT_SEND: a user sent an effect in a voice channel
	EventVoiceChannelStatusUpdate    // VOICE_CHANNEL_STATUS_UPDATE: the status of a voice channel changed
	EventVoiceChannelStartTimeUpdate // VOICE_CHANNEL_START_TIME_UPDATE: the start time of a voice channel changed
)

const lastDispatch = EventVoiceChannelStartTimeUpdate

// Other payloads. They have no name at the key t; an event set holds them only when asked.
const (
	EventHello          EventType = lastDispatch + 1 + iota // HELLO: opcode 10
	EventHeartbeat                                          // HEARTBEAT: opcode 1, the gateway wants a heartbeat at once
	EventReconnect                                          // RECONNECT: opcode 7
	EventInvalidSession                                     // INVALID_SESSION: opcode 9
	EventHeartbeatACK                                       // HEARTBEAT_ACK: opcode 11
)

// Synthetic events: they tell what became of a shard, and no payload brings them. An event
// set holds them only when asked.
const (
	EventClosed         EventType = EventHeartbeatACK + 1 + iota // CLOSED: a connection ended
	EventSessionLost                                             // SESSION_LOST: the session is over, events may have been missed
	EventSessionResumed                                          // SESSION_RESUMED: the session goes on, nothing was missed
	EventGuildsReady                                             // GUILDS_READY: each guild that READY listed has come, or stays unavailable
	EventStateChanged                                            // STATE_CHANGED: the shard's state is another one
	EventPayloadSent                                             // PAYLOAD_SENT: the shard sent a payload
	EventSessionBegan                                            // SESSION_BEGAN: a session began, and the callbacks of its READY have returned
)

// numEventTypes is one more than the largest event type.
const numEventTypes = int(EventSessionBegan) + 1

// IsDispatch reports whether t stands for a dispatch (opcode 0), known or not.
func (t EventType) IsDispatch() bool { return t <= lastDispatch }

// String returns the name as Discord writes it, such as "MESSAGE_CREATE", and in the same manner
// "UNKNOWN" and the names of what is no dispatch; for any other number "EventType 200".
func (t EventType) String() string {
	if int(t) < len(eventNames) {
		return eventNames[t]
	}
	return "EventType " + strconv.Itoa(int(t))
}

var eventNames = [numEventTypes]string{
	EventUnknown: "UNKNOWN",

	EventReady:                               "READY",
	EventResumed:                             "RESUMED",
	EventRateLimited:                         "RATE_LIMITED",
	EventApplicationCommandPermissionsUpdate: "APPLICATION_COMMAND_PERMISSIONS_UPDATE",
	EventInteractionCreate:                   "INTERACTION_CREATE",
	EventUserUpdate:                          "USER_UPDATE",
	EventPresenceUpdate:                      "PRESENCE_UPDATE",
	EventTypingStart:                         "TYPING_START",
	EventWebhooksUpdate:                      "WEBHOOKS_UPDATE",
	EventAutoModerationRuleCreate:            "AUTO_MODERATION_RULE_CREATE",
	EventAutoModerationRuleUpdate:            "AUTO_MODERATION_RULE_UPDATE",
	EventAutoModerationRuleDelete:            "AUTO_MODERATION_RULE_DELETE",
	EventAutoModerationActionExecution:       "AUTO_MODERATION_ACTION_EXECUTION",
	EventChannelCreate:                       "CHANNEL_CREATE",
	EventChannelUpdate:                       "CHANNEL_UPDATE",
	EventChannelDelete:                       "CHANNEL_DELETE",
	EventChannelInfo:                         "CHANNEL_INFO",
	EventChannelPinsUpdate:                   "CHANNEL_PINS_UPDATE",
	EventThreadCreate:                        "THREAD_CREATE",
	EventThreadUpdate:                        "THREAD_UPDATE",
	EventThreadDelete:                        "THREAD_DELETE",
	EventThreadListSync:                      "THREAD_LIST_SYNC",
	EventThreadMemberUpdate:                  "THREAD_MEMBER_UPDATE",
	EventThreadMembersUpdate:                 "THREAD_MEMBERS_UPDATE",
	EventEntitlementCreate:                   "ENTITLEMENT_CREATE",
	EventEntitlementUpdate:                   "ENTITLEMENT_UPDATE",
	EventEntitlementDelete:                   "ENTITLEMENT_DELETE",
	EventSubscriptionCreate:                  "SUBSCRIPTION_CREATE",
	EventSubscriptionUpdate:                  "SUBSCRIPTION_UPDATE",
	EventSubscriptionDelete:                  "SUBSCRIPTION_DELETE",
	EventIntegrationCreate:                   "INTEGRATION_CREATE",
	EventIntegrationUpdate:                   "INTEGRATION_UPDATE",
	EventIntegrationDelete:                   "INTEGRATION_DELETE",
	EventStageInstanceCreate:                 "STAGE_INSTANCE_CREATE",
	EventStageInstanceUpdate:                 "STAGE_INSTANCE_UPDATE",
	EventStageInstanceDelete:                 "STAGE_INSTANCE_DELETE",
	EventGuildCreate:                         "GUILD_CREATE",
	EventGuildUpdate:                         "GUILD_UPDATE",
	EventGuildDelete:                         "GUILD_DELETE",
	EventGuildAuditLogEntryCreate:            "GUILD_AUDIT_LOG_ENTRY_CREATE",
	EventGuildBanAdd:                         "GUILD_BAN_ADD",
	EventGuildBanRemove:                      "GUILD_BAN_REMOVE",
	EventGuildEmojisUpdate:                   "GUILD_EMOJIS_UPDATE",
	EventGuildStickersUpdate:                 "GUILD_STICKERS_UPDATE",
	EventGuildIntegrationsUpdate:             "GUILD_INTEGRATIONS_UPDATE",
	EventGuildMemberAdd:                      "GUILD_MEMBER_ADD",
	EventGuildMemberRemove:                   "GUILD_MEMBER_REMOVE",
	EventGuildMemberUpdate:                   "GUILD_MEMBER_UPDATE",
	EventGuildMembersChunk:                   "GUILD_MEMBERS_CHUNK",
	EventGuildRoleCreate:                     "GUILD_ROLE_CREATE",
	EventGuildRoleUpdate:                     "GUILD_ROLE_UPDATE",
	EventGuildRoleDelete:                     "GUILD_ROLE_DELETE",
	EventGuildScheduledEventCreate:           "GUILD_SCHEDULED_EVENT_CREATE",
	EventGuildScheduledEventUpdate:           "GUILD_SCHEDULED_EVENT_UPDATE",
	EventGuildScheduledEventDelete:           "GUILD_SCHEDULED_EVENT_DELETE",
	EventGuildScheduledEventUserAdd:          "GUILD_SCHEDULED_EVENT_USER_ADD",
	EventGuildScheduledEventUserRemove:       "GUILD_SCHEDULED_EVENT_USER_REMOVE",
	EventGuildSoundboardSoundCreate:          "GUILD_SOUNDBOARD_SOUND_CREATE",
	EventGuildSoundboardSoundUpdate:          "GUILD_SOUNDBOARD_SOUND_UPDATE",
	EventGuildSoundboardSoundDelete:          "GUILD_SOUNDBOARD_SOUND_DELETE",
	EventGuildSoundboardSoundsUpdate:         "GUILD_SOUNDBOARD_SOUNDS_UPDATE",
	EventSoundboardSounds:                    "SOUNDBOARD_SOUNDS",
	EventInviteCreate:                        "INVITE_CREATE",
	EventInviteDelete:                        "INVITE_DELETE",
	EventMessageCreate:                       "MESSAGE_CREATE",
	EventMessageUpdate:                       "MESSAGE_UPDATE",
	EventMessageDelete:                       "MESSAGE_DELETE",
	EventMessageDeleteBulk:                   "MESSAGE_DELETE_BULK",
	EventMessageReactionAdd:                  "MESSAGE_REACTION_ADD",
	EventMessageReactionRemove:               "MESSAGE_REACTION_REMOVE",
	EventMessageReactionRemoveAll:            "MESSAGE_REACTION_REMOVE_ALL",
	EventMessageReactionRemoveEmoji:          "MESSAGE_REACTION_REMOVE_EMOJI",
	EventMessagePollVoteAdd:                  "MESSAGE_POLL_VOTE_ADD",
	EventMessagePollVoteRemove:               "MESSAGE_POLL_VOTE_REMOVE",
	EventVoiceStateUpdate:                    "VOICE_STATE_UPDATE",
	EventVoiceServerUpdate:                   "VOICE_SERVER_UPDATE",
	EventVoiceChannelEffectSend:              "VOICE_CHANNEL_EFFECT_SEND",
	EventVoiceChannelStatusUpdate:            "VOICE_CHANNEL_STATUS_UPDATE",
	EventVoiceChannelStartTimeUpdate:         "VOICE_CHANNEL_START_TIME_UPDATE",

	EventHello:          "HELLO",
	EventHeartbeat:      "HEARTBEAT",
	EventReconnect:      "RECONNECT",
	EventInvalidSession: "INVALID_SESSION",
	EventHeartbeatACK:   "HEARTBEAT_ACK",

	EventClosed:         "CLOSED",
	EventSessionLost:    "SESSION_LOST",
	EventSessionResumed: "SESSION_RESUMED",
	EventGuildsReady:    "GUILDS_READY",
	EventStateChanged:   "STATE_CHANGED",
	EventPayloadSent:    "PAYLOAD_SENT",
	EventSessionBegan:   "SESSION_BEGAN",
}
