package traffic

import (
	"slices"
	"strings"
)

// take follows one event.
func (m *model) take(name string, d dict) {
	guildID := str(d, "guild_id")
	change := name[strings.LastIndexByte(name, '_')+1:]
	switch name {
	case "GUILD_CREATE":
		m.create(d)
		return
	case "GUILD_DELETE":
		id := str(d, "id")
		if m.want(m.guilds[id] != nil, "guild %s is not there", id) && d["unavailable"] == true {
			m.out[id] = m.guilds[id]
		}
		delete(m.guilds, id)
		return
	case "GUILD_UPDATE":
		guildID = str(d, "id")
	case "USER_UPDATE":
		m.want(str(d, "id") == m.bot, "user %s is not the bot", str(d, "id"))
		return
	case "RATE_LIMITED":
		m.want(m.guilds[str(obj(d, "meta"), "guild_id")] != nil, "no such guild")
		return
	case "ENTITLEMENT_CREATE", "ENTITLEMENT_UPDATE", "ENTITLEMENT_DELETE", "SUBSCRIPTION_CREATE", "SUBSCRIPTION_UPDATE", "SUBSCRIPTION_DELETE":
		m.set(m.sales, "sale", str(d, "id"), change)
		return
	}
	g := m.guilds[guildID]
	if !m.want(g != nil, "guild %q was not announced", guildID) {
		return
	}
	user, channel, id := str(d, "user_id"), str(d, "channel_id"), str(d, "id")
	if channel != "" && name != "CHANNEL_DELETE" {
		_, known := g.channels[channel]
		m.want(known, "channel %s was not announced", channel)
	}
	if member := obj(d, "member"); member != nil && !strings.HasPrefix(name, "THREAD") {
		who := str(obj(member, "user"), "id")
		if who == "" {
			who = str(obj(d, "author"), "id")
		}
		m.want(user == "" || user == who, "the member is %s, the user %s", who, user)
		m.member(g, member, who)
	}
	switch {
	case strings.HasPrefix(name, "MESSAGE_"):
		m.takeMessage(g, name, d)
	case strings.HasPrefix(name, "THREAD_"):
		m.takeThread(g, name, d)
	case strings.HasPrefix(name, "GUILD_MEMBER") || strings.HasPrefix(name, "GUILD_BAN"):
		m.takeMember(g, name, d)
	case strings.HasPrefix(name, "VOICE_"):
		m.takeVoice(g, name, d)
	case strings.HasPrefix(name, "GUILD_ROLE"):
		if name == "GUILD_ROLE_DELETE" {
			role := str(d, "role_id")
			m.set(g.roles, "role", role, change)
			for user, roles := range g.members {
				if i := slices.Index(roles, role); i >= 0 {
					g.members[user] = slices.Delete(slices.Clone(roles), i, i+1)
				}
			}
			return
		}
		m.set(g.roles, "role", str(obj(d, "role"), "id"), change)
	case strings.HasPrefix(name, "AUTO_MODERATION_RULE"):
		m.set(g.sets["rule"], "rule", id, change)
	case strings.HasPrefix(name, "STAGE_INSTANCE"):
		m.set(g.sets["stage"], "stage", id, change)
		m.want(g.channels[channel] == 13, "a stage in a channel of type %d", g.channels[channel])
	case strings.HasPrefix(name, "INTEGRATION_"):
		m.set(g.sets["integration"], "integration", id, change)
	case strings.HasPrefix(name, "INVITE_"):
		m.set(g.sets["invite"], "invite", str(d, "code"), change)
	case strings.HasPrefix(name, "GUILD_SOUNDBOARD_SOUND_"):
		m.set(g.sets["sound"], "sound", str(d, "sound_id"), change)
	case strings.HasPrefix(name, "GUILD_SCHEDULED_EVENT"):
		m.takeHappening(g, name, d)
	default:
		m.takeOther(g, name, d)
	}
}

func (m *model) takeOther(g *modelGuild, name string, d dict) {
	id, user, channel := str(d, "id"), str(d, "user_id"), str(d, "channel_id")
	switch name {
	case "CHANNEL_CREATE":
		_, known := g.channels[id]
		m.want(!known, "channel %s is there already", id)
		g.channels[id] = integer(d, "type")
		m.channel(g, d)
	case "CHANNEL_UPDATE", "CHANNEL_DELETE":
		kind, known := g.channels[id]
		m.want(known && kind == integer(d, "type"), "channel %s is not there, or of another type", id)
		if m.channel(g, d); name == "CHANNEL_DELETE" {
			m.forgetChannel(g, id)
			for thread, parent := range g.parents {
				if parent == id {
					m.forgetChannel(g, thread)
					delete(g.parents, thread)
				}
			}
		}
	case "GUILD_UPDATE":
		m.want(len(list(d, "roles")) == len(g.roles), "%d roles, not %d", len(list(d, "roles")), len(g.roles))
		m.want(len(list(d, "emojis")) == len(g.emojis), "%d emojis, not %d", len(list(d, "emojis")), len(g.emojis))
		m.want(g.members[str(d, "owner_id")] != nil, "the owner is no member")
	case "GUILD_EMOJIS_UPDATE":
		g.emojis = m.replace(list(d, "emojis"), g.emojis, "id")
	case "GUILD_STICKERS_UPDATE":
		g.sets["sticker"] = m.replace(list(d, "stickers"), g.sets["sticker"], "id")
	case "GUILD_SOUNDBOARD_SOUNDS_UPDATE", "SOUNDBOARD_SOUNDS":
		now := m.replace(list(d, "soundboard_sounds"), g.sets["sound"], "sound_id")
		m.want(len(now) == len(g.sets["sound"]), "%d sounds, not %d", len(now), len(g.sets["sound"]))
	case "PRESENCE_UPDATE":
		user := str(obj(d, "user"), "id")
		m.present(g, user)
		if g.presence[user] = presenceKey(d); g.presence[user] == "" {
			delete(g.presence, user)
		}
	case "TYPING_START", "AUTO_MODERATION_ACTION_EXECUTION":
		m.present(g, user)
		if rule := str(d, "rule_id"); rule != "" {
			m.want(g.sets["rule"][rule], "no rule %s", rule)
		}
	case "INTERACTION_CREATE":
		kind, known := g.channels[str(obj(d, "channel"), "id")]
		m.want(known && kind == integer(obj(d, "channel"), "type"), "its channel is not there")
		if under := obj(d, "message"); under != nil {
			known := g.messages[str(under, "id")]
			m.want(known != nil && known.author == m.bot && known.channel == channel, "under a message that is not there, or not the bot's")
		}
		for user, member := range obj(obj(obj(d, "data"), "resolved"), "members") {
			m.member(g, member.(dict), user)
		}
		for message := range obj(obj(obj(d, "data"), "resolved"), "messages") {
			m.want(g.messages[message] != nil, "about a message that is not there")
		}
		m.want(str(d, "application_id") == m.bot, "of another application")
	case "GUILD_AUDIT_LOG_ENTRY_CREATE":
		m.present(g, user)
		m.present(g, str(d, "target_id"))
	case "APPLICATION_COMMAND_PERMISSIONS_UPDATE":
		for _, o := range list(d, "permissions") {
			m.want(g.roles[str(o.(dict), "id")], "of a role that is not there")
		}
	case "CHANNEL_INFO":
		for _, o := range list(d, "channels") {
			id := str(o.(dict), "id")
			m.want(g.channels[id] == 2, "of no voice channel")
			m.fact(g, id+" status", o.(dict)["status"])
			m.fact(g, id+" voice_start_time", o.(dict)["voice_start_time"])
		}
	}
}

// replace returns the set that a list is, which differs from the one before by one at most.
func (m *model) replace(now []any, before map[string]bool, key string) map[string]bool {
	set := map[string]bool{}
	same := 0
	for _, o := range now {
		id := str(o.(dict), key)
		m.want(!set[id], "%s twice", id)
		if set[id] = true; before[id] {
			same++
		}
	}
	m.want(same >= max(len(before), len(set))-1, "%d of %d are the same", same, len(before))
	return set
}

func (m *model) takeMessage(g *modelGuild, name string, d dict) {
	id := str(d, "id")
	if id == "" {
		id = str(d, "message_id")
	}
	channel, author := str(d, "channel_id"), str(obj(d, "author"), "id")
	emoji := str(obj(d, "emoji"), "id") + str(obj(d, "emoji"), "name")
	message := g.messages[id]
	if name == "MESSAGE_CREATE" {
		m.want(message == nil, "message %s is there already", id)
		m.want(author == m.bot || g.members[author] != nil, "its author is no member")
		m.want(integer(d, "channel_type") == g.channels[channel], "channel_type %d, not %d", integer(d, "channel_type"), g.channels[channel])
		g.messages[id] = &modelMessage{channel: channel, author: author, reactions: map[string]bool{}, votes: map[string]bool{}, poll: obj(d, "poll") != nil}
		if answered := obj(d, "referenced_message"); answered != nil {
			known := g.messages[str(answered, "id")]
			m.want(known != nil && known.channel == channel && known.author == str(obj(answered, "author"), "id"), "it answers a message that is not there")
		}
		return
	}
	if name == "MESSAGE_DELETE_BULK" {
		for _, o := range list(d, "ids") {
			m.want(g.messages[o.(string)] != nil && g.messages[o.(string)].channel == channel, "message %v is not there", o)
			delete(g.messages, o.(string))
		}
		return
	}
	if !m.want(message != nil && message.channel == channel, "message %s is not there", id) {
		return
	}
	key := str(d, "user_id") + " " + emoji
	switch name {
	case "MESSAGE_UPDATE":
		m.want(message.author == author, "message %s has another author", id)
	case "MESSAGE_DELETE":
		delete(g.messages, id)
	case "MESSAGE_REACTION_ADD":
		m.want(!message.reactions[key], "a reaction twice")
		m.want(str(d, "message_author_id") == message.author, "another author")
		message.reactions[key] = true
	case "MESSAGE_REACTION_REMOVE":
		m.want(message.reactions[key], "a reaction that was not there")
		delete(message.reactions, key)
	case "MESSAGE_REACTION_REMOVE_ALL":
		m.want(len(message.reactions) > 0, "there was no reaction")
		clear(message.reactions)
	case "MESSAGE_REACTION_REMOVE_EMOJI":
		before := len(message.reactions)
		for other := range message.reactions {
			if strings.HasSuffix(other, " "+emoji) {
				delete(message.reactions, other)
			}
		}
		m.want(len(message.reactions) < before, "there was no such reaction")
	case "MESSAGE_POLL_VOTE_ADD":
		key = str(d, "user_id")
		m.present(g, key)
		m.want(message.poll && !message.votes[key], "no poll, or voted twice")
		message.votes[key] = true
	case "MESSAGE_POLL_VOTE_REMOVE":
		key = str(d, "user_id")
		m.want(message.poll && message.votes[key], "no such vote")
		delete(message.votes, key)
	}
}

func (m *model) takeThread(g *modelGuild, name string, d dict) {
	id := str(d, "id")
	if name == "THREAD_LIST_SYNC" {
		for _, o := range list(d, "threads") {
			m.thread(g, o.(dict), false)
		}
		return
	}
	if name == "THREAD_CREATE" {
		m.thread(g, d, true)
		m.want(d["newly_created"] == true, "not newly created")
		m.present(g, str(d, "owner_id"))
		return
	}
	_, known := g.channels[id]
	if !m.want(known && g.parents[id] != "", "thread %s is not there", id) {
		return
	}
	switch name {
	case "THREAD_UPDATE":
		m.thread(g, d, false)
		if obj(d, "thread_metadata")["archived"] == true {
			m.forgetChannel(g, id)
			delete(g.parents, id)
		}
	case "THREAD_DELETE":
		m.want(g.parents[id] == str(d, "parent_id") && g.channels[id] == integer(d, "type"), "another parent or type")
		m.forgetChannel(g, id)
		delete(g.parents, id)
	case "THREAD_MEMBER_UPDATE":
		m.want(str(d, "user_id") == m.bot, "not of the bot")
	case "THREAD_MEMBERS_UPDATE":
		for _, o := range list(d, "added_members") {
			m.member(g, obj(o.(dict), "member"), str(o.(dict), "user_id"))
		}
	}
}

func (m *model) takeMember(g *modelGuild, name string, d dict) {
	user := str(obj(d, "user"), "id")
	switch name {
	case "GUILD_MEMBER_ADD":
		_, known := g.members[user]
		m.want(!known && !g.banned[user], "%s is a member, or banned", user)
		delete(g.left, user)
		g.count++
		m.member(g, d, user)
	case "GUILD_MEMBER_UPDATE":
		m.member(g, d, user)
	case "GUILD_MEMBER_REMOVE":
		m.present(g, user)
		m.want(g.voice[user] == "", "%s is in a voice channel", user)
		m.want(user != m.bot, "the bot itself")
		delete(g.members, user)
		delete(g.presence, user)
		g.left[user] = true
		g.count--
		for _, users := range g.users {
			delete(users, user)
		}
		m.want(g.count >= len(g.members), "member_count %d of %d members", g.count, len(g.members))
	case "GUILD_MEMBERS_CHUNK":
		for _, o := range list(d, "members") {
			m.member(g, o.(dict), str(obj(o.(dict), "user"), "id"))
		}
	case "GUILD_BAN_ADD":
		m.want(!g.banned[user], "%s is banned already", user)
		g.banned[user] = true
	case "GUILD_BAN_REMOVE":
		m.want(g.banned[user], "%s was not banned", user)
		delete(g.banned, user)
	}
}

func (m *model) takeVoice(g *modelGuild, name string, d dict) {
	switch channel := str(d, "channel_id"); name {
	case "VOICE_STATE_UPDATE":
		m.voiceState(g, d, true)
	case "VOICE_SERVER_UPDATE":
		m.want(g.voice[m.bot] != "", "the bot is in no voice channel")
	case "VOICE_CHANNEL_EFFECT_SEND":
		m.want(g.voice[str(d, "user_id")] == channel, "its sender is not there")
	default:
		m.want(g.channels[str(d, "id")] == 2, "no voice channel")
		for _, key := range []string{"status", "voice_start_time"} {
			if value, ok := d[key]; ok {
				g.info[str(d, "id")+" "+key] = value
			}
		}
	}
}

func (m *model) takeHappening(g *modelGuild, name string, d dict) {
	id, user := str(d, "guild_scheduled_event_id"), str(d, "user_id")
	switch name {
	case "GUILD_SCHEDULED_EVENT_USER_ADD":
		m.present(g, user)
		m.want(g.sets["event"][id] && !g.users[id][user], "no event, or there already")
		g.users[id][user] = true
	case "GUILD_SCHEDULED_EVENT_USER_REMOVE":
		m.want(g.users[id][user], "%s was not there", user)
		delete(g.users[id], user)
	default:
		m.set(g.sets["event"], "event", str(d, "id"), strings.TrimPrefix(name, "GUILD_SCHEDULED_EVENT_"))
		if name == "GUILD_SCHEDULED_EVENT_CREATE" {
			g.users[str(d, "id")] = map[string]bool{}
		}
	}
}
