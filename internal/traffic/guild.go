package traffic

import "strconv"

// DefaultGuildSize is the average size of a guild in bytes of JSON.
const DefaultGuildSize = 134_000

// guildSizes has [DefaultGuildSize] for its mean: most guilds are small, some huge.
var guildSizes = []int{30_000, 45_000, 60_000, 80_000, 100_000, 120_000, 140_000, 175_000, 240_000, 350_000}

// GuildCreate appends the data of a GUILD_CREATE (Discord: "Guild Create") for
// the guild with that id to dst: about size bytes, but 4 KB at least. A size of
// zero or less draws one, [DefaultGuildSize] on average.
//
// What it says follows from the generator's seed, id and size alone. Several
// goroutines may call it at the same time, and while another calls Next.
func (g *Generator) GuildCreate(dst []byte, id uint64, size int) []byte {
	r := newSource(g.seed, id)
	if size <= 0 {
		size = pick(&r, guildSizes)
	}
	// A member takes some 980 bytes with their presence, a channel 450, a role
	// 310, an emoji 140: the divisors share size out among them.
	home := newGuild(&r, id, 2+size/4200, 1+size/11000, 2+size/3900)
	members := make([]person, 2+size/1620)
	for i := range members {
		members[i] = newPerson(&r, &home, i%botStep == botStep-1)
	}
	members[len(members)-1].user = string(BotUser(nil, DefaultBotID))
	members[len(members)-1].id = applicationID
	w := guildWriter{&r, g.world, &home, members}

	dst = w.voiceStates(append(dst, `{"voice_states":[`...))
	dst = append(dst, `],"version":`...)
	dst = strconv.AppendInt(dst, epoch-int64(r.below(year/1000))*1000, 10)
	dst = add(dst, `,"verification_level":2,"vanity_url_code":null,"unavailable":false,"threads":[],"system_channel_id":"`, home.channels[0],
		`","system_channel_flags":5,"stickers":[],"stage_instances":[],"splash":null,"soundboard_sounds":[],"safety_alerts_channel_id":null,"rules_channel_id":"`, home.channels[1],
		`","roles":[`)
	dst = w.roles(dst)
	dst = add(dst, `],"public_updates_channel_id":"`, home.channels[1], `","profile":null,"presences":[`)
	dst = w.presences(dst)
	dst = append(dst, `],"premium_tier":1,"premium_subscription_count":`...)
	dst = strconv.AppendInt(dst, int64(r.below(14)), 10)
	dst = add(dst, `,"premium_progress_bar_enabled":false,"premium_features":null,"preferred_locale":"en-US","owner_id":"`, members[0].id,
		`","owner_configured_content_level":0,"nsfw_level":0,"nsfw":false,"name":"`, pick(&r, guildNames), `","moderator_reporting":null,"mfa_level":1,"members":[`)
	for i := range members {
		dst = members[i].appendMember(separate(dst, i))
	}
	dst = append(dst, `],"member_count":`...)
	dst = strconv.AppendInt(dst, int64(len(members)+r.below(20*len(members))), 10)
	dst = append(dst, `,"max_video_channel_users":25,"max_stage_video_channel_users":50,"max_members":25000000,"lazy":true,"latest_onboarding_question_id":null,"large":`...)
	dst = append(dst, strconv.FormatBool(len(members) > 50)...)
	dst = append(dst, `,"joined_at":`...)
	dst = appendTime(dst, epoch-int64(r.below(year/1000))*1000-int64(r.below(1000)))
	dst = add(dst, `,"inventory_settings":null,"incidents_data":null,"id":"`, home.id, `","icon":"`)
	dst = r.appendHex(dst, 32)
	dst = append(dst, `","hub_type":null,"home_header":null,"guild_scheduled_events":[],"features":["COMMUNITY","NEWS","SOUNDBOARD","ANIMATED_ICON","INVITE_SPLASH"],"explicit_content_filter":2,"emojis":[`...)
	dst = w.emojis(dst, size/1600)
	dst = append(dst, `],"embedded_activities":[],"discovery_splash":null,"description":null,"default_message_notifications":1,"channels":[`...)
	dst = w.channels(dst)
	return append(dst, `],"banner":null,"application_id":null,"application_command_counts":{},"afk_timeout":300,"afk_channel_id":null,"activity_instances":[]}`...)
}

// A guildWriter appends the lists of a guild, without their brackets.
type guildWriter struct {
	r       *source
	world   *world
	home    *guild
	members []person
}

func (w *guildWriter) voiceStates(dst []byte) []byte {
	for i := range w.members[:len(w.members)/16] {
		p := &w.members[w.r.below(len(w.members))]
		dst = add(separate(dst, i), `{"user_id":"`, p.id, `","suppress":false,"session_id":"`, p.session,
			`","self_video":false,"self_mute":`, w.r.yes(40), `,"self_deaf":`, w.r.yes(20),
			`,"request_to_speak_timestamp":null,"mute":false,"deaf":false,"channel_id":"`, pick(w.r, w.home.voice), `"}`)
	}
	return dst
}

func (w *guildWriter) roles(dst []byte) []byte {
	dst = add(dst, `{"version":1750000000000,"unicode_emoji":null,"position":0,"permissions":"2248473465835073","name":"@everyone","mentionable":false,"managed":false,"id":"`,
		w.home.id, `","icon":null,"hoist":false,"flags":0,"colors":{"tertiary_color":null,"secondary_color":null,"primary_color":0},"color":0}`)
	for i, id := range w.home.roles {
		dst = append(append(dst, ','), `{"version":`...)
		dst = strconv.AppendInt(dst, epoch-int64(w.r.below(year/1000))*1000, 10)
		dst = append(dst, `,"unicode_emoji":null,"position":`...)
		dst = strconv.AppendInt(dst, int64(i+1), 10)
		dst = add(dst, `,"permissions":"`, recur(w.r, permissions), `","name":"`, pick(w.r, roleNames),
			`","mentionable":`, w.r.yes(20), `,"managed":false,"id":"`, id, `","icon":null,"hoist":`, w.r.yes(30),
			`,"flags":0,"colors":{"tertiary_color":null,"secondary_color":null,"primary_color":`)
		color := int64(w.r.below(2) * w.r.below(1<<24))
		dst = strconv.AppendInt(dst, color, 10)
		dst = append(dst, `},"color":`...)
		dst = append(strconv.AppendInt(dst, color, 10), '}')
	}
	return dst
}

func (w *guildWriter) presences(dst []byte) []byte {
	for i := range w.members[:len(w.members)*3/4] {
		p := &w.members[i]
		status := pick(w.r, statuses[:3])
		dst = add(separate(dst, i), `{"user":{"id":"`, p.id, `"},"status":"`, status, `",`)
		dst = append(w.world.appendDevices(dst, w.r, p, status, epoch), '}')
	}
	return dst
}

func (w *guildWriter) emojis(dst []byte, n int) []byte {
	for i := range n {
		dst = add(separate(dst, i), `{"version":0,"roles":[],"require_colons":true,"name":"`, pick(w.r, nameParts), pick(w.r, nameParts),
			`","managed":false,"id":"`)
		dst = strconv.AppendUint(dst, w.r.snowflake(epoch-int64(w.r.below(4*year/1000))*1000), 10)
		dst = add(dst, `","available":true,"animated":`, w.r.yes(30), `}`)
	}
	return dst
}

func (w *guildWriter) channels(dst []byte) []byte {
	dst = add(dst, `{"version":1750000000000,"type":4,"position":0,"permission_overwrites":[],"name":"Text","id":"`, w.home.category, `","flags":0}`)
	for i, id := range w.home.channels {
		dst = w.channelHead(append(dst, ','), "0", i)
		dst = append(dst, `,"last_message_id":"`...)
		dst = strconv.AppendUint(dst, w.r.snowflake(epoch-int64(w.r.below(year/1000))*1000), 10)
		dst = add(dst, `","last_pin_timestamp":null,"id":"`, id, `","icon_emoji":{"name":"`, pick(w.r, unicodeEmoji), `","id":null},"flags":0}`)
	}
	for i, id := range w.home.voice {
		dst = w.channelHead(append(dst, ','), "2", i)
		dst = add(dst, `,"user_limit":0,"rtc_region":null,"last_message_id":null,"id":"`, id, `","icon_emoji":null,"flags":0,"bitrate":64000}`)
	}
	return dst
}

// channelHead appends what all kinds of channels begin with: a topic, now and
// then, and whom the channel lets in.
func (w *guildWriter) channelHead(dst []byte, kind string, position int) []byte {
	dst = append(dst, `{"version":`...)
	dst = strconv.AppendInt(dst, epoch-int64(w.r.below(year/1000))*1000, 10)
	dst = add(dst, `,"type":`, kind, `,"topic":`)
	if w.r.chance(35) {
		dst = append(appendText(append(dst, '"'), w.r, w.r.between(2, 20)), '"')
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"theme_color":null,"rate_limit_per_user":0,"position":`...)
	dst = strconv.AppendInt(dst, int64(position), 10)
	dst = append(dst, `,"permission_overwrites":[`...)
	for i := range w.r.below(5) {
		dst = add(separate(dst, i), `{"type":0,"id":"`, recur(w.r, w.home.roles), `","deny":"`,
			pick(w.r, overwrites), `","allow":"`, pick(w.r, overwrites), `"}`)
	}
	return add(dst, `],"parent_id":"`, w.home.category, `","name":"`, pick(w.r, channelNames), `","nsfw":`, w.r.yes(5))
}

// overwrites are what channels allow or deny.
var overwrites = []string{"0", "1024", "2048", "1049600", "3072", "0"}

// Channels returns the ids of the channels of the guild that [Generator.GuildCreate] tells of with
// the same id and size, as far as messages can be written in them.
func (g *Generator) Channels(id uint64, size int) []uint64 {
	r := newSource(g.seed, id)
	if size <= 0 {
		size = pick(&r, guildSizes)
	}
	home := newGuild(&r, id, 2+size/4200, 1+size/11000, 2+size/3900)
	var ids []uint64
	for _, list := range [][]string{home.channels, home.voice} {
		for _, channel := range list {
			n, err := strconv.ParseUint(channel, 10, 64)
			if err != nil {
				panic("unreachable: newGuild wrote it")
			}
			ids = append(ids, n)
		}
	}
	return ids
}
