package traffic

// The tables say which fields Discord documents as always there, or that its gateway always writes.
// A field is name:type, and is null too where its type ends in a question mark:
//
//	id  a snowflake in a string       str  a string        time  a timestamp in ISO 8601
//	int a whole number                num  any number      bool  true or false
//	arr a list                        obj  an object       any   anything
//	=x  an object of the table x      *x   a list of them  *id   a list of snowflakes
//
// A table whose name ends in a colon is continued by that of its object's type.
var fieldTables = map[string]string{
	// Resources.
	"user":       "id:id username:str discriminator:str global_name:str? avatar:str? public_flags:int primary_guild:obj? collectibles:obj? avatar_decoration_data:obj?",
	"botuser":    "id:id username:str discriminator:str global_name:str? avatar:str? bot:bool mfa_enabled:bool verified:bool email:str? flags:int",
	"partuser":   "id:id",
	"memberpart": "roles:*id joined_at:time? deaf:bool mute:bool flags:int nick:str? avatar:str? banner:str? premium_since:time? pending:bool communication_disabled_until:time?",
	"member":     "user:=user roles:*id joined_at:time? deaf:bool mute:bool flags:int nick:str? avatar:str? banner:str? premium_since:time? pending:bool communication_disabled_until:time?",
	"role":       "id:id name:str color:int colors:=colors hoist:bool icon:str? unicode_emoji:str? position:int permissions:str managed:bool mentionable:bool flags:int",
	"colors":     "primary_color:int secondary_color:int? tertiary_color:int?",
	"emoji":      "id:id name:str roles:*id require_colons:bool managed:bool animated:bool available:bool",
	"partemoji":  "id:id? name:str",
	"sticker":    "id:id name:str description:str? tags:str type:int format_type:int available:bool guild_id:id",
	"sound":      "name:str sound_id:id volume:num emoji_id:id? emoji_name:str? available:bool guild_id:id",
	"voicestate": "channel_id:id? user_id:id session_id:str deaf:bool mute:bool self_deaf:bool self_mute:bool self_video:bool suppress:bool request_to_speak_timestamp:time?",
	"presence":   "user:=partuser status:str activities:*activity client_status:obj",
	"activity":   "name:str type:int created_at:int",
	"overwrite":  "id:id type:int allow:str deny:str",
	"tag":        "id:id name:str moderated:bool emoji_id:id? emoji_name:str?",

	// Channels, by type.
	"channel:":   "id:id type:int flags:int name:str position:int permission_overwrites:*overwrite parent_id:id? nsfw:bool",
	"channel:0":  "topic:str? last_message_id:id? rate_limit_per_user:int",
	"channel:2":  "bitrate:int user_limit:int rtc_region:str? last_message_id:id? rate_limit_per_user:int",
	"channel:4":  "",
	"channel:5":  "topic:str? last_message_id:id? rate_limit_per_user:int",
	"channel:13": "bitrate:int user_limit:int rtc_region:str? topic:str? last_message_id:id? rate_limit_per_user:int",
	"channel:15": "topic:str? last_message_id:id? rate_limit_per_user:int available_tags:*tag default_reaction_emoji:obj? default_sort_order:int? " +
		"default_forum_layout:int default_thread_rate_limit_per_user:int",
	"channel:16": "topic:str? last_message_id:id? rate_limit_per_user:int available_tags:*tag default_reaction_emoji:obj? default_sort_order:int? " +
		"default_thread_rate_limit_per_user:int",

	"thread:":    "id:id type:int guild_id:id parent_id:id owner_id:id name:str last_message_id:id? message_count:int member_count:int total_message_sent:int rate_limit_per_user:int flags:int",
	"thread:10":  "thread_metadata:=threadmeta",
	"thread:11":  "thread_metadata:=threadmeta",
	"thread:12":  "thread_metadata:=threadmetaprivate",
	"threadmeta": "archived:bool auto_archive_duration:int archive_timestamp:time locked:bool create_timestamp:time?",
	"threadmetaprivate": "archived:bool auto_archive_duration:int archive_timestamp:time locked:bool create_timestamp:time? " +
		"invitable:bool",
	"threadlisted":     "join_timestamp:time flags:int",
	"threadmember":     "id:id user_id:id join_timestamp:time flags:int",
	"addedmember":      "id:id user_id:id join_timestamp:time flags:int member:=member presence:any",
	"stage":            "id:id guild_id:id channel_id:id topic:str privacy_level:int discoverable_disabled:bool guild_scheduled_event_id:id?",
	"happening:":       "id:id guild_id:id channel_id:id? creator_id:id? name:str description:str? scheduled_start_time:time scheduled_end_time:time? privacy_level:int status:int entity_id:id? image:str? recurrence_rule:obj? entity_type:int user_count:int",
	"happening:2":      "channel_id:id entity_metadata:any",
	"happening:3":      "scheduled_end_time:time entity_metadata:=location",
	"location":         "location:str",
	"guildproperties":  "id:id name:str icon:str? splash:str? discovery_splash:str? owner_id:id afk_channel_id:id? afk_timeout:int verification_level:int default_message_notifications:int explicit_content_filter:int roles:*role emojis:*emoji features:arr mfa_level:int application_id:id? system_channel_id:id? system_channel_flags:int rules_channel_id:id? vanity_url_code:str? description:str? banner:str? premium_tier:int preferred_locale:str public_updates_channel_id:id? nsfw_level:int premium_progress_bar_enabled:bool safety_alerts_channel_id:id? incidents_data:obj? stickers:*sticker max_members:int max_video_channel_users:int max_stage_video_channel_users:int premium_subscription_count:int",
	"unavailableguild": "id:id unavailable:bool",

	// Messages.
	"message":           "id:id channel_id:id author:=user content:str timestamp:time edited_timestamp:time? tts:bool mention_everyone:bool mentions:*user mention_roles:*id attachments:*attachment embeds:*embed pinned:bool type:int flags:int components:arr",
	"attachment":        "id:id filename:str size:int url:str proxy_url:str height:int? width:int?",
	"embed":             "type:str",
	"poll":              "question:=pollmedia answers:*pollanswer expiry:time? allow_multiselect:bool layout_type:int",
	"pollmedia":         "text:str",
	"pollanswer":        "answer_id:int poll_media:=pollmedia",
	"reference":         "type:int message_id:id channel_id:id guild_id:id",
	"interaction":       "id:id application_id:id type:int data:obj guild:obj guild_id:id channel:obj channel_id:id member:=interactionmember token:str version:int app_permissions:str locale:str guild_locale:str entitlements:arr authorizing_integration_owners:obj context:int attachment_size_limit:int",
	"interactionmember": "user:=user permissions:str roles:*id joined_at:time? deaf:bool mute:bool flags:int",

	"command":        "id:id name:str type:int",
	"userdata":       "target_id:id resolved:obj",
	"component":      "custom_id:str component_type:int",
	"modal":          "custom_id:str components:arr",
	"rule":           "id:id guild_id:id name:str creator_id:id event_type:int trigger_type:int trigger_metadata:obj actions:*action enabled:bool exempt_roles:*id exempt_channels:*id",
	"action":         "type:int",
	"integration":    "id:id name:str type:str enabled:bool account:=account application:=integrationapp user:=user guild_id:id scopes:arr",
	"account":        "id:str name:str",
	"integrationapp": "id:id name:str icon:str? description:str bot:=user",
	"entitlement":    "id:id sku_id:id application_id:id type:int deleted:bool starts_at:time? ends_at:time? user_id:id",
	"subscription":   "id:id user_id:id sku_ids:*id entitlement_ids:*id renewal_sku_ids:any current_period_start:time current_period_end:time status:int canceled_at:time?",
}

// eventTables has what each event is; the sign + joins tables and further fields.
var eventTables = map[string]string{
	"GUILD_CREATE": "guildproperties + joined_at:time large:bool unavailable:bool member_count:int voice_states:*voicestate members:*member channels:*channel: threads:*thread: presences:*presence stage_instances:*stage guild_scheduled_events:*happening: soundboard_sounds:*sound",
	"GUILD_UPDATE": "guildproperties",
	"GUILD_DELETE": "id:id",

	"CHANNEL_CREATE": "channel: + guild_id:id", "CHANNEL_UPDATE": "channel: + guild_id:id", "CHANNEL_DELETE": "channel: + guild_id:id",
	"CHANNEL_PINS_UPDATE": "guild_id:id channel_id:id last_pin_timestamp:time?", "CHANNEL_INFO": "guild_id:id channels:*channelinfo",
	"THREAD_CREATE": "thread: + newly_created:bool", "THREAD_UPDATE": "thread:", "THREAD_DELETE": "id:id guild_id:id parent_id:id type:int",
	"THREAD_LIST_SYNC": "guild_id:id channel_ids:*id threads:*thread: members:*threadmember", "THREAD_MEMBER_UPDATE": "threadmember + guild_id:id",
	"THREAD_MEMBERS_UPDATE": "id:id guild_id:id member_count:int",

	"GUILD_AUDIT_LOG_ENTRY_CREATE": "guild_id:id target_id:str? user_id:id? id:id action_type:int",
	"GUILD_BAN_ADD":                "guild_id:id user:=user", "GUILD_BAN_REMOVE": "guild_id:id user:=user",
	"GUILD_EMOJIS_UPDATE": "guild_id:id emojis:*emoji", "GUILD_STICKERS_UPDATE": "guild_id:id stickers:*sticker",
	"GUILD_INTEGRATIONS_UPDATE": "guild_id:id",
	"GUILD_MEMBER_ADD":          "member + guild_id:id", "GUILD_MEMBER_REMOVE": "guild_id:id user:=user",
	"GUILD_MEMBER_UPDATE": "member + guild_id:id", "GUILD_MEMBERS_CHUNK": "guild_id:id members:*member chunk_index:int chunk_count:int",
	"GUILD_ROLE_CREATE": "guild_id:id role:=role", "GUILD_ROLE_UPDATE": "guild_id:id role:=role", "GUILD_ROLE_DELETE": "guild_id:id role_id:id",
	"GUILD_SCHEDULED_EVENT_CREATE": "happening:", "GUILD_SCHEDULED_EVENT_UPDATE": "happening:", "GUILD_SCHEDULED_EVENT_DELETE": "happening:",
	"GUILD_SCHEDULED_EVENT_USER_ADD": "guild_scheduled_event_id:id user_id:id guild_id:id", "GUILD_SCHEDULED_EVENT_USER_REMOVE": "guild_scheduled_event_id:id user_id:id guild_id:id",
	"GUILD_SOUNDBOARD_SOUND_CREATE": "sound", "GUILD_SOUNDBOARD_SOUND_UPDATE": "sound", "GUILD_SOUNDBOARD_SOUND_DELETE": "sound_id:id guild_id:id",
	"GUILD_SOUNDBOARD_SOUNDS_UPDATE": "soundboard_sounds:*sound guild_id:id", "SOUNDBOARD_SOUNDS": "soundboard_sounds:*sound guild_id:id",

	"INTEGRATION_CREATE": "integration", "INTEGRATION_UPDATE": "integration", "INTEGRATION_DELETE": "id:id guild_id:id",
	"INVITE_CREATE":         "channel_id:id code:str created_at:time guild_id:id inviter:=user max_age:int max_uses:int temporary:bool uses:int expires_at:time?",
	"INVITE_DELETE":         "channel_id:id guild_id:id code:str",
	"STAGE_INSTANCE_CREATE": "stage", "STAGE_INSTANCE_UPDATE": "stage", "STAGE_INSTANCE_DELETE": "stage",
	"AUTO_MODERATION_RULE_CREATE": "rule", "AUTO_MODERATION_RULE_UPDATE": "rule", "AUTO_MODERATION_RULE_DELETE": "rule",
	"AUTO_MODERATION_ACTION_EXECUTION": "guild_id:id action:=action rule_id:id rule_trigger_type:int user_id:id content:str matched_keyword:str? matched_content:str?",
	"ENTITLEMENT_CREATE":               "entitlement", "ENTITLEMENT_UPDATE": "entitlement", "ENTITLEMENT_DELETE": "entitlement",
	"SUBSCRIPTION_CREATE": "subscription", "SUBSCRIPTION_UPDATE": "subscription", "SUBSCRIPTION_DELETE": "subscription",
	"APPLICATION_COMMAND_PERMISSIONS_UPDATE": "id:id application_id:id guild_id:id permissions:*permission",

	"MESSAGE_CREATE": "message + guild_id:id member:=memberpart channel_type:int", "MESSAGE_UPDATE": "message + guild_id:id member:=memberpart channel_type:int",
	"MESSAGE_DELETE": "id:id channel_id:id guild_id:id", "MESSAGE_DELETE_BULK": "ids:*id channel_id:id guild_id:id",
	"MESSAGE_REACTION_ADD":          "user_id:id channel_id:id message_id:id guild_id:id member:=member emoji:=partemoji message_author_id:id burst:bool type:int",
	"MESSAGE_REACTION_REMOVE":       "user_id:id channel_id:id message_id:id guild_id:id emoji:=partemoji burst:bool type:int",
	"MESSAGE_REACTION_REMOVE_ALL":   "channel_id:id message_id:id guild_id:id",
	"MESSAGE_REACTION_REMOVE_EMOJI": "channel_id:id message_id:id guild_id:id emoji:=partemoji",
	"MESSAGE_POLL_VOTE_ADD":         "user_id:id channel_id:id message_id:id guild_id:id answer_id:int", "MESSAGE_POLL_VOTE_REMOVE": "user_id:id channel_id:id message_id:id guild_id:id answer_id:int",

	"PRESENCE_UPDATE": "presence + guild_id:id", "TYPING_START": "channel_id:id guild_id:id user_id:id timestamp:int member:=member",
	"USER_UPDATE": "botuser", "VOICE_STATE_UPDATE": "voicestate + guild_id:id member:=member", "VOICE_SERVER_UPDATE": "token:str guild_id:id endpoint:str?",
	"VOICE_CHANNEL_EFFECT_SEND":   "channel_id:id guild_id:id user_id:id emoji:=partemoji animation_type:int? animation_id:int",
	"VOICE_CHANNEL_STATUS_UPDATE": "id:id guild_id:id status:str?", "VOICE_CHANNEL_START_TIME_UPDATE": "id:id guild_id:id voice_start_time:int?",
	"WEBHOOKS_UPDATE": "guild_id:id channel_id:id", "RATE_LIMITED": "opcode:int retry_after:num meta:=ratemeta",
	"INTERACTION_CREATE": "interaction",
	"READY":              "v:int user:=botuser guilds:*unavailableguild session_id:str resume_gateway_url:str shard:arr application:=application",
}

func init() {
	fieldTables["channelinfo"] = "id:id status:str? voice_start_time:int?"
	fieldTables["permission"] = "id:id type:int permission:bool"
	fieldTables["ratemeta"] = "guild_id:id"
	fieldTables["application"] = "id:id flags:int"
	fieldTables["fullapplication"] = "id:id name:str icon:str? description:str bot_public:bool bot_require_code_grant:bool verify_key:str team:obj? flags:int owner:=user summary:str"
}
