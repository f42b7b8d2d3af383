package gateway

// Intents are the groups of events that a session asks for when it identifies: a set of bits
// that Discord knows. They are no filter of this process, which is what an [EventSet] is.
//
// Source: Discord, "Gateway", heading "Gateway Intents".
type Intents uint64

// The intents. The privileged ones are refused (4014 disallowed intents) until they are
// switched on for the application in the Developer Portal.
const (
	IntentGuilds                      Intents = 1 << 0
	IntentGuildMembers                Intents = 1 << 1 // privileged
	IntentGuildModeration             Intents = 1 << 2
	IntentGuildExpressions            Intents = 1 << 3
	IntentGuildIntegrations           Intents = 1 << 4
	IntentGuildWebhooks               Intents = 1 << 5
	IntentGuildInvites                Intents = 1 << 6
	IntentGuildVoiceStates            Intents = 1 << 7
	IntentGuildPresences              Intents = 1 << 8 // privileged
	IntentGuildMessages               Intents = 1 << 9
	IntentGuildMessageReactions       Intents = 1 << 10
	IntentGuildMessageTyping          Intents = 1 << 11
	IntentDirectMessages              Intents = 1 << 12
	IntentDirectMessageReactions      Intents = 1 << 13
	IntentDirectMessageTyping         Intents = 1 << 14
	IntentMessageContent              Intents = 1 << 15 // privileged; brings no event, but fills the text of messages
	IntentGuildScheduledEvents        Intents = 1 << 16
	IntentAutoModerationConfiguration Intents = 1 << 20
	IntentAutoModerationExecution     Intents = 1 << 21
	IntentGuildMessagePolls           Intents = 1 << 24
	IntentDirectMessagePolls          Intents = 1 << 25
)

const (
	// IntentsAll is every intent, 53608447.
	IntentsAll = IntentGuilds | IntentGuildMembers | IntentGuildModeration | IntentGuildExpressions |
		IntentGuildIntegrations | IntentGuildWebhooks | IntentGuildInvites | IntentGuildVoiceStates |
		IntentGuildPresences | IntentGuildMessages | IntentGuildMessageReactions | IntentGuildMessageTyping |
		IntentDirectMessages | IntentDirectMessageReactions | IntentDirectMessageTyping | IntentMessageContent |
		IntentGuildScheduledEvents | IntentAutoModerationConfiguration | IntentAutoModerationExecution |
		IntentGuildMessagePolls | IntentDirectMessagePolls

	// IntentsPrivileged are the intents that Discord grants to a bot on request only, 33026.
	IntentsPrivileged = IntentGuildMembers | IntentGuildPresences | IntentMessageContent

	// IntentsUnprivileged are the intents that every bot may use, 53575421.
	IntentsUnprivileged = IntentsAll &^ IntentsPrivileged
)

// intentTable holds every intent in ascending order: its name as Discord writes it, and the
// events it brings (Discord, "Gateway", heading "List of Intents").
var intentTable = [...]struct {
	intent Intents
	name   string
	events EventSet
}{
	{IntentGuilds, "GUILDS", Events(
		EventGuildCreate, EventGuildUpdate, EventGuildDelete,
		EventGuildRoleCreate, EventGuildRoleUpdate, EventGuildRoleDelete,
		EventChannelCreate, EventChannelUpdate, EventChannelDelete, EventChannelPinsUpdate,
		EventThreadCreate, EventThreadUpdate, EventThreadDelete, EventThreadListSync,
		EventThreadMemberUpdate, EventThreadMembersUpdate,
		EventStageInstanceCreate, EventStageInstanceUpdate, EventStageInstanceDelete,
		EventVoiceChannelStatusUpdate, EventVoiceChannelStartTimeUpdate)},
	{IntentGuildMembers, "GUILD_MEMBERS", Events(
		EventGuildMemberAdd, EventGuildMemberUpdate, EventGuildMemberRemove,
		EventThreadMembersUpdate)},
	{IntentGuildModeration, "GUILD_MODERATION", Events(
		EventGuildAuditLogEntryCreate, EventGuildBanAdd, EventGuildBanRemove)},
	{IntentGuildExpressions, "GUILD_EXPRESSIONS", Events(
		EventGuildEmojisUpdate, EventGuildStickersUpdate,
		EventGuildSoundboardSoundCreate, EventGuildSoundboardSoundUpdate,
		EventGuildSoundboardSoundDelete, EventGuildSoundboardSoundsUpdate)},
	{IntentGuildIntegrations, "GUILD_INTEGRATIONS", Events(
		EventGuildIntegrationsUpdate,
		EventIntegrationCreate, EventIntegrationUpdate, EventIntegrationDelete)},
	{IntentGuildWebhooks, "GUILD_WEBHOOKS", Events(EventWebhooksUpdate)},
	{IntentGuildInvites, "GUILD_INVITES", Events(EventInviteCreate, EventInviteDelete)},
	{IntentGuildVoiceStates, "GUILD_VOICE_STATES", Events(
		EventVoiceChannelEffectSend, EventVoiceStateUpdate)},
	{IntentGuildPresences, "GUILD_PRESENCES", Events(EventPresenceUpdate)},
	{IntentGuildMessages, "GUILD_MESSAGES", Events(
		EventMessageCreate, EventMessageUpdate, EventMessageDelete, EventMessageDeleteBulk)},
	{IntentGuildMessageReactions, "GUILD_MESSAGE_REACTIONS", reactionEvents},
	{IntentGuildMessageTyping, "GUILD_MESSAGE_TYPING", Events(EventTypingStart)},
	{IntentDirectMessages, "DIRECT_MESSAGES", Events(
		EventMessageCreate, EventMessageUpdate, EventMessageDelete, EventChannelPinsUpdate)},
	{IntentDirectMessageReactions, "DIRECT_MESSAGE_REACTIONS", reactionEvents},
	{IntentDirectMessageTyping, "DIRECT_MESSAGE_TYPING", Events(EventTypingStart)},
	{IntentMessageContent, "MESSAGE_CONTENT", EventSet{}},
	{IntentGuildScheduledEvents, "GUILD_SCHEDULED_EVENTS", Events(
		EventGuildScheduledEventCreate, EventGuildScheduledEventUpdate, EventGuildScheduledEventDelete,
		EventGuildScheduledEventUserAdd, EventGuildScheduledEventUserRemove)},
	{IntentAutoModerationConfiguration, "AUTO_MODERATION_CONFIGURATION", Events(
		EventAutoModerationRuleCreate, EventAutoModerationRuleUpdate, EventAutoModerationRuleDelete)},
	{IntentAutoModerationExecution, "AUTO_MODERATION_EXECUTION", Events(EventAutoModerationActionExecution)},
	{IntentGuildMessagePolls, "GUILD_MESSAGE_POLLS", pollEvents},
	{IntentDirectMessagePolls, "DIRECT_MESSAGE_POLLS", pollEvents},
}

var (
	reactionEvents = Events(EventMessageReactionAdd, EventMessageReactionRemove,
		EventMessageReactionRemoveAll, EventMessageReactionRemoveEmoji)
	pollEvents = Events(EventMessagePollVoteAdd, EventMessagePollVoteRemove)

	// withoutIntent is computed rather than listed: what no intent brings comes without one.
	// The bot's own GUILD_MEMBER_UPDATE comes both ways.
	withoutIntent = AllDispatches().Without(IntentsAll.Events()).Union(Events(EventGuildMemberUpdate))
)

// Events returns the dispatches that the intents bring. What comes whatever the intents are
// is not among them: see [EventsWithoutIntent]. Bits that are no intent bring nothing.
func (i Intents) Events() EventSet {
	var s EventSet
	for _, row := range &intentTable {
		if i&row.intent != 0 {
			s = s.Union(row.events)
		}
	}
	return s
}

// EventsWithoutIntent returns the dispatches that come whatever the intents are, [EventUnknown]
// among them, since of a new event nobody can tell. GUILD_MEMBER_UPDATE is here and in
// IntentGuildMembers: about the bot itself it always comes, about others only with the intent.
//
// A dispatch outside i.Events().Union(EventsWithoutIntent()) never comes with intents i.
func EventsWithoutIntent() EventSet { return withoutIntent }
