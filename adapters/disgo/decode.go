package sluicedisgo

import (
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/json/v2"

	fast "github.com/sluice-go/sluice/lazyjson/decode"
)

// decode is gateway.UnmarshalEventData at less cost. A type that decodes itself is asked to at
// once: json.Unmarshal would go through the data twice before it does, and the type
// checks it again. Any other is decoded by a decoder with the rules of encoding/json
// that is faster. TestDecode and FuzzDecode hold it against disgo's.
func decode(data []byte, name gateway.EventType) (gateway.EventData, error) {
	if own := decoders[name]; own != nil {
		return own(data)
	}
	return gateway.UnmarshalEventData(data, name)
}

// decodeAs decodes an event of one type.
func decodeAs[T gateway.EventData](data []byte) (gateway.EventData, error) {
	var d T
	if own, ok := any(&d).(json.Unmarshaler); ok {
		err := own.UnmarshalJSON(data)
		return d, err
	}
	err := fast.Into(data, &d)
	return d, err
}

// decoders has the events that disgo knows. Where it learns a new one, that is decoded by
// gateway.UnmarshalEventData until it is in this table.
var decoders = map[gateway.EventType]func([]byte) (gateway.EventData, error){
	gateway.EventTypeReady:                               decodeAs[gateway.EventReady],
	gateway.EventTypeRateLimited:                         decodeAs[gateway.EventRateLimited],
	gateway.EventTypeApplicationCommandPermissionsUpdate: decodeAs[gateway.EventApplicationCommandPermissionsUpdate],
	gateway.EventTypeAutoModerationRuleCreate:            decodeAs[gateway.EventAutoModerationRuleCreate],
	gateway.EventTypeAutoModerationRuleUpdate:            decodeAs[gateway.EventAutoModerationRuleUpdate],
	gateway.EventTypeAutoModerationRuleDelete:            decodeAs[gateway.EventAutoModerationRuleDelete],
	gateway.EventTypeAutoModerationActionExecution:       decodeAs[gateway.EventAutoModerationActionExecution],
	gateway.EventTypeChannelCreate:                       decodeAs[gateway.EventChannelCreate],
	gateway.EventTypeChannelUpdate:                       decodeAs[gateway.EventChannelUpdate],
	gateway.EventTypeChannelDelete:                       decodeAs[gateway.EventChannelDelete],
	gateway.EventTypeChannelPinsUpdate:                   decodeAs[gateway.EventChannelPinsUpdate],
	gateway.EventTypeEntitlementCreate:                   decodeAs[gateway.EventEntitlementCreate],
	gateway.EventTypeEntitlementUpdate:                   decodeAs[gateway.EventEntitlementUpdate],
	gateway.EventTypeEntitlementDelete:                   decodeAs[gateway.EventEntitlementDelete],
	gateway.EventTypeThreadCreate:                        decodeAs[gateway.EventThreadCreate],
	gateway.EventTypeThreadUpdate:                        decodeAs[gateway.EventThreadUpdate],
	gateway.EventTypeThreadDelete:                        decodeAs[gateway.EventThreadDelete],
	gateway.EventTypeThreadListSync:                      decodeAs[gateway.EventThreadListSync],
	gateway.EventTypeThreadMemberUpdate:                  decodeAs[gateway.EventThreadMemberUpdate],
	gateway.EventTypeThreadMembersUpdate:                 decodeAs[gateway.EventThreadMembersUpdate],
	gateway.EventTypeGuildCreate:                         decodeAs[gateway.EventGuildCreate],
	gateway.EventTypeGuildUpdate:                         decodeAs[gateway.EventGuildUpdate],
	gateway.EventTypeGuildDelete:                         decodeAs[gateway.EventGuildDelete],
	gateway.EventTypeGuildAuditLogEntryCreate:            decodeAs[gateway.EventGuildAuditLogEntryCreate],
	gateway.EventTypeGuildBanAdd:                         decodeAs[gateway.EventGuildBanAdd],
	gateway.EventTypeGuildBanRemove:                      decodeAs[gateway.EventGuildBanRemove],
	gateway.EventTypeGuildEmojisUpdate:                   decodeAs[gateway.EventGuildEmojisUpdate],
	gateway.EventTypeGuildStickersUpdate:                 decodeAs[gateway.EventGuildStickersUpdate],
	gateway.EventTypeGuildIntegrationsUpdate:             decodeAs[gateway.EventGuildIntegrationsUpdate],
	gateway.EventTypeGuildMemberAdd:                      decodeAs[gateway.EventGuildMemberAdd],
	gateway.EventTypeGuildMemberRemove:                   decodeAs[gateway.EventGuildMemberRemove],
	gateway.EventTypeGuildMemberUpdate:                   decodeAs[gateway.EventGuildMemberUpdate],
	gateway.EventTypeGuildMembersChunk:                   decodeAs[gateway.EventGuildMembersChunk],
	gateway.EventTypeGuildRoleCreate:                     decodeAs[gateway.EventGuildRoleCreate],
	gateway.EventTypeGuildRoleUpdate:                     decodeAs[gateway.EventGuildRoleUpdate],
	gateway.EventTypeGuildRoleDelete:                     decodeAs[gateway.EventGuildRoleDelete],
	gateway.EventTypeGuildScheduledEventCreate:           decodeAs[gateway.EventGuildScheduledEventCreate],
	gateway.EventTypeGuildScheduledEventUpdate:           decodeAs[gateway.EventGuildScheduledEventUpdate],
	gateway.EventTypeGuildScheduledEventDelete:           decodeAs[gateway.EventGuildScheduledEventDelete],
	gateway.EventTypeGuildScheduledEventUserAdd:          decodeAs[gateway.EventGuildScheduledEventUserAdd],
	gateway.EventTypeGuildScheduledEventUserRemove:       decodeAs[gateway.EventGuildScheduledEventUserRemove],
	gateway.EventTypeGuildSoundboardSoundCreate:          decodeAs[gateway.EventGuildSoundboardSoundCreate],
	gateway.EventTypeGuildSoundboardSoundUpdate:          decodeAs[gateway.EventGuildSoundboardSoundUpdate],
	gateway.EventTypeGuildSoundboardSoundDelete:          decodeAs[gateway.EventGuildSoundboardSoundDelete],
	gateway.EventTypeGuildSoundboardSoundsUpdate:         decodeAs[gateway.EventGuildSoundboardSoundsUpdate],
	gateway.EventTypeIntegrationCreate:                   decodeAs[gateway.EventIntegrationCreate],
	gateway.EventTypeIntegrationUpdate:                   decodeAs[gateway.EventIntegrationUpdate],
	gateway.EventTypeIntegrationDelete:                   decodeAs[gateway.EventIntegrationDelete],
	gateway.EventTypeInteractionCreate:                   decodeAs[gateway.EventInteractionCreate],
	gateway.EventTypeInviteCreate:                        decodeAs[gateway.EventInviteCreate],
	gateway.EventTypeInviteDelete:                        decodeAs[gateway.EventInviteDelete],
	gateway.EventTypeMessageCreate:                       decodeAs[gateway.EventMessageCreate],
	gateway.EventTypeMessageUpdate:                       decodeAs[gateway.EventMessageUpdate],
	gateway.EventTypeMessageDelete:                       decodeAs[gateway.EventMessageDelete],
	gateway.EventTypeMessageDeleteBulk:                   decodeAs[gateway.EventMessageDeleteBulk],
	gateway.EventTypeMessageReactionAdd:                  decodeAs[gateway.EventMessageReactionAdd],
	gateway.EventTypeMessageReactionRemove:               decodeAs[gateway.EventMessageReactionRemove],
	gateway.EventTypeMessageReactionRemoveAll:            decodeAs[gateway.EventMessageReactionRemoveAll],
	gateway.EventTypeMessageReactionRemoveEmoji:          decodeAs[gateway.EventMessageReactionRemoveEmoji],
	gateway.EventTypePresenceUpdate:                      decodeAs[gateway.EventPresenceUpdate],
	gateway.EventTypeSoundboardSounds:                    decodeAs[gateway.EventSoundboardSounds],
	gateway.EventTypeStageInstanceCreate:                 decodeAs[gateway.EventStageInstanceCreate],
	gateway.EventTypeStageInstanceUpdate:                 decodeAs[gateway.EventStageInstanceUpdate],
	gateway.EventTypeStageInstanceDelete:                 decodeAs[gateway.EventStageInstanceDelete],
	gateway.EventTypeSubscriptionCreate:                  decodeAs[gateway.EventSubscriptionCreate],
	gateway.EventTypeSubscriptionUpdate:                  decodeAs[gateway.EventSubscriptionUpdate],
	gateway.EventTypeSubscriptionDelete:                  decodeAs[gateway.EventSubscriptionDelete],
	gateway.EventTypeTypingStart:                         decodeAs[gateway.EventTypingStart],
	gateway.EventTypeUserUpdate:                          decodeAs[gateway.EventUserUpdate],
	gateway.EventTypeVoiceChannelEffectSend:              decodeAs[gateway.EventVoiceChannelEffectSend],
	gateway.EventTypeVoiceStateUpdate:                    decodeAs[gateway.EventVoiceStateUpdate],
	gateway.EventTypeVoiceServerUpdate:                   decodeAs[gateway.EventVoiceServerUpdate],
	gateway.EventTypeWebhooksUpdate:                      decodeAs[gateway.EventWebhooksUpdate],
}
