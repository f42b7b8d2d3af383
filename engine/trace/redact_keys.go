package trace

import "slices"

// What a key lets stand of its value. Everything else is replaced, but for true, false and null.
const (
	protected class = iota
	// number: numbers stand, strings are replaced.
	keepNumber
	// word: numbers stand, and strings that are words of Discord's own vocabulary.
	keepWord
	// digits: numbers stand, and strings that are decimal numbers: permissions.
	keepDigits
	// name: strings that are names of events stand.
	keepName
)

// harmless are the keys whose values redaction lets stand. What is not in this list is replaced.
var harmless = map[string]class{
	// Enumerations and flags, which may be words.
	"type": keepWord, "types": keepWord, "status": keepWord, "desktop": keepWord, "mobile": keepWord, "web": keepWord,
	"locale": keepWord, "preferred_locale": keepWord, "guild_locale": keepWord, "features": keepWord,

	"flags": keepNumber, "public_flags": keepNumber, "system_channel_flags": keepNumber, "sku_flags": keepNumber,
	"activity_flags": keepNumber, "member_flags": keepNumber,
	"format_type": keepNumber, "premium_type": keepNumber, "premium_tier": keepNumber, "privacy_level": keepNumber,
	"entity_type": keepNumber, "target_type": keepNumber, "trigger_type": keepNumber, "event_type": keepNumber,
	"action_type": keepNumber, "component_type": keepNumber, "context": keepNumber, "style": keepNumber,
	"button_style": keepNumber, "layout_type": keepNumber, "layout": keepNumber, "video_quality_mode": keepNumber,
	"default_sort_order": keepNumber, "default_forum_layout": keepNumber, "nsfw_level": keepNumber,
	"verification_level": keepNumber, "mfa_level": keepNumber, "explicit_content_filter": keepNumber,
	"default_message_notifications": keepNumber, "membership_state": keepNumber, "expire_behavior": keepNumber,
	"animation_type": keepNumber, "keyword_presets": keepNumber, "presets": keepNumber, "formats": keepNumber,
	"contexts": keepNumber, "integration_types": keepNumber, "application_flags": keepNumber,

	// Permissions.
	"permissions": keepDigits, "permissions_new": keepDigits, "allow": keepDigits, "deny": keepDigits,
	"app_permissions": keepDigits, "default_member_permissions": keepDigits,

	// Sizes, limits and counts.
	"size": keepNumber, "width": keepNumber, "height": keepNumber, "bitrate": keepNumber, "user_limit": keepNumber,
	"rate_limit_per_user": keepNumber, "default_thread_rate_limit_per_user": keepNumber,
	"default_auto_archive_duration": keepNumber, "auto_archive_duration": keepNumber, "afk_timeout": keepNumber,
	"max_members": keepNumber, "max_presences": keepNumber, "max_video_channel_users": keepNumber,
	"max_stage_video_channel_users": keepNumber, "max_stage_video_users": keepNumber, "position": keepNumber,
	"min_values": keepNumber, "max_values": keepNumber, "min_length": keepNumber, "max_length": keepNumber,
	"chunk_index": keepNumber, "chunk_count": keepNumber, "large_threshold": keepNumber,
	"expire_grace_period": keepNumber, "max_age": keepNumber, "max_uses": keepNumber, "animation_id": keepNumber,
	"volume": keepNumber, "color": keepNumber, "primary_color": keepNumber,

	// The protocol's own numbers.
	"op": keepNumber, "s": keepNumber, "opcode": keepNumber, "retry_after": keepNumber,
	"heartbeat_interval": keepNumber, "intents": keepNumber, "seq": keepNumber, "shard": keepNumber, "v": keepNumber,
	"version": keepNumber, "code": keepNumber, "afk": keepNumber,
}

// HarmlessKeys returns the keys whose values redaction may let stand, sorted. Numbers of these keys stand,
// and of some strings too: words of Discord's own vocabulary, and permissions. Besides, true, false and null
// stand everywhere, and so does the name of the event.
func HarmlessKeys() []string {
	keys := make([]string, 0, len(harmless))
	for key := range harmless {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// vocabulary are the words that a key of keepWord lets stand.
var vocabulary = func() map[string]bool {
	words := make(map[string]bool)
	for _, word := range []string{
		"online", "idle", "dnd", "offline", "invisible",
		"rich", "image", "video", "gifv", "article", "link", "poll_result", "auto_moderation_message", "role", "member", "user", "everyone",
		"id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl", "no", "pl", "pt-BR", "ro", "fi",
		"sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th", "zh-CN", "ja", "zh-TW", "ko",
		"twitch", "youtube", "discord", "guild_subscription",
		"ANIMATED_BANNER", "ANIMATED_ICON", "APPLICATION_COMMAND_PERMISSIONS_V2", "AUTO_MODERATION", "BANNER", "COMMUNITY",
		"CREATOR_MONETIZABLE_PROVISIONAL", "CREATOR_STORE_PAGE", "DEVELOPER_SUPPORT_SERVER", "DISCOVERABLE", "FEATURABLE",
		"INVITES_DISABLED", "INVITE_SPLASH", "MEMBER_VERIFICATION_GATE_ENABLED", "MORE_SOUNDBOARD", "MORE_STICKERS", "NEWS",
		"PARTNERED", "PREVIEW_ENABLED", "RAID_ALERTS_DISABLED", "ROLE_ICONS", "ROLE_SUBSCRIPTIONS_AVAILABLE_FOR_PURCHASE",
		"ROLE_SUBSCRIPTIONS_ENABLED", "SOUNDBOARD", "TICKETED_EVENTS_ENABLED", "VANITY_URL", "VERIFIED", "VIP_REGIONS",
		"WELCOME_SCREEN_ENABLED", "GUESTS_ENABLED", "ENHANCED_ROLE_COLORS", "GUILD_TAGS", "THREADS_ENABLED", "PRIVATE_THREADS",
	} {
		words[word] = true
	}
	return words
}()

// redactionKey is the classifier for redaction. depth 1 is the payload itself.
func redactionKey(key []byte, depth int) class {
	if depth == 1 && string(key) == "t" {
		return keepName
	}
	return harmless[string(key)]
}

// isEventName reports whether s is written as names of events are, and as nobody writes.
func isEventName(s []byte) bool {
	if len(s) == 0 || len(s) > 64 {
		return false
	}
	for _, c := range s {
		if c != '_' && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return true
}

// isProtocolKey reports whether a key may stand: one of Discord's vocabulary is an identifier, and people
// write none.
func isProtocolKey(key []byte) bool {
	if len(key) == 0 || len(key) > 64 || key[0]-'0' <= 9 {
		return false
	}
	for _, c := range key {
		if c != '_' && c != '-' && c != '$' && c-'0' > 9 && c|0x20-'a' > 'z'-'a' {
			return false
		}
	}
	return true
}
