package traffic

import "strconv"

// A Maker makes what a shard is told at its start. Several goroutines may use it at a time.
type Maker struct {
	seed    uint64
	bot     uint64
	members int // of each guild; 0: drawn
	songs   []song
}

// NewMaker returns a Maker of the bot's guilds; bot 0 stands for [DefaultBotID]. Each guild has so many
// members, or as many as its GUILD_CREATE lists if those are more; members 0 draws a number.
func NewMaker(seed, bot uint64, members int) *Maker {
	if bot == 0 {
		bot = DefaultBotID
	}
	r := newSource(seed, 1<<63)
	m := &Maker{seed: seed, bot: bot, members: members, songs: make([]song, songCount)}
	for i := range m.songs {
		m.songs[i] = newSong(&r)
	}
	return m
}

// GuildCreate appends the data of a GUILD_CREATE (Discord: "Guild Create") for
// the guild with that id to dst: about size bytes, but 6 KB at least. A size of
// zero or less draws one, [DefaultGuildSize] on average.
//
// What it says follows from the seed, the bot, id and size alone.
func (m *Maker) GuildCreate(dst []byte, id uint64, size int) []byte {
	return m.appendGuild(dst, m.newGuild(id, size))
}

// botOf is the bot as a member of g.
func (m *Maker) botOf(g *guild) *person {
	if g.bot != nil {
		return g.bot
	}
	return m.seat(g, g.seats-1)
}

// appendGuild appends all that a GUILD_CREATE tells of g now.
func (m *Maker) appendGuild(dst []byte, g *guild) []byte {
	members := make([]*person, 0, g.seats+len(g.people))
	rest := make([]person, g.seats-1-len(g.active))
	for i := range rest {
		m.fill(&rest[i], g, len(g.active)+i)
		members = append(members, &rest[i])
	}
	members = append(members, g.people...)
	members = append(members, m.botOf(g))
	count := g.present(m)

	dst = append(dst, `{"voice_states":[`...)
	n := 0
	for _, p := range members {
		if p.voice != nil {
			dst = p.appendVoiceState(append(separate(dst, n), '{'))
			dst = append(dst, '}')
			n++
		}
	}
	dst = append(dst, `],"version":`...)
	dst = strconv.AppendInt(dst, g.joined, 10)
	dst = append(dst, `,"unavailable":false,"threads":[`...)
	for i, t := range g.threads {
		dst = t.appendAs(separate(dst, i), g, "", false, (*thread).appendListed)
	}
	dst = append(dst, `],"stage_instances":[`...)
	for i, s := range g.stage {
		dst = s.append(separate(dst, i), g)
	}
	dst = append(dst, `],"soundboard_sounds":[`...)
	for i, s := range g.sounds {
		dst = s.append(separate(dst, i), g)
	}
	dst = append(dst, `],"presences":[`...)
	n = 0
	for _, p := range members {
		if p.online() {
			dst = m.appendPresence(separate(dst, n), p)
			n++
		}
	}
	dst = append(dst, `],"premium_features":null,"members":[`...)
	for i, p := range members {
		dst = p.appendMember(separate(dst, i))
	}
	dst = append(dst, `],"member_count":`...)
	dst = strconv.AppendInt(dst, int64(count), 10)
	dst = add(dst, `,"lazy":true,"large":`, strconv.FormatBool(count > 250), `,"joined_at":`)
	dst = appendTime(dst, g.joined)
	dst = append(dst, `,"guild_scheduled_events":[`...)
	for i, e := range g.events {
		dst = e.append(separate(dst, i), g)
	}
	dst = append(dst, `],"embedded_activities":[],"channels":[`...)
	for i, c := range g.channels {
		dst = c.append(separate(dst, i), g, false)
	}
	dst = append(dst, `],"application_command_counts":{},"activity_instances":[],`...)
	dst = g.appendProperties(dst)
	return append(dst, '}')
}

// appendProperties appends the fields that GUILD_CREATE and GUILD_UPDATE share (Discord: "Guild
// Object").
func (g *guild) appendProperties(dst []byte) []byte {
	r := newSource(g.facade, 4)
	dst = add(dst, `"verification_level":2,"vanity_url_code":null,"system_channel_id":"`, g.text[0].id,
		`","system_channel_flags":5,"stickers":[`)
	for i, s := range g.stickers {
		dst = s.append(separate(dst, i), g)
	}
	dst = add(dst, `],"splash":null,"safety_alerts_channel_id":null,"rules_channel_id":"`, g.text[0].id, `","roles":[`)
	dst = g.appendEveryone(dst)
	for i, role := range g.roles {
		dst = role.append(append(dst, ','), i+1)
	}
	dst = add(dst, `],"public_updates_channel_id":"`, g.text[0].id, `","profile":null,"premium_tier":1,"premium_subscription_count":`)
	dst = strconv.AppendInt(dst, int64(r.below(14)), 10)
	dst = add(dst, `,"premium_progress_bar_enabled":false,"preferred_locale":"en-US","owner_id":"`, g.ownerID,
		`","owner_configured_content_level":0,"nsfw_level":0,"nsfw":false,"name":"`, pick(&r, guildNames),
		`","moderator_reporting":null,"mfa_level":1,"max_video_channel_users":25,"max_stage_video_channel_users":50,`+
			`"max_presences":null,"max_members":25000000,"latest_onboarding_question_id":null,"inventory_settings":null,`+
			`"incidents_data":null,"id":"`, g.id, `","icon":"`)
	dst = r.appendHex(dst, 32)
	dst = append(dst, `","hub_type":null,"home_header":null,"features":["COMMUNITY","NEWS","SOUNDBOARD","ANIMATED_ICON","INVITE_SPLASH"],"explicit_content_filter":2,"emojis":[`...)
	for i, e := range g.emojis {
		dst = e.append(separate(dst, i))
	}
	return append(dst, `],"discovery_splash":null,"description":null,"default_message_notifications":1,"banner":null,"application_id":null,"afk_timeout":300,"afk_channel_id":null`...)
}
