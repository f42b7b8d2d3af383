package traffic

import "strconv"

// typingStart makes Discord's "Typing Start".
func (g *Generator) typingStart(dst []byte) []byte {
	p := g.world.person(&g.r)
	dst = add(dst, `{"user_id":"`, p.id, `","timestamp":`)
	dst = strconv.AppendInt(dst, g.now/1000, 10)
	dst = p.appendMember(append(dst, `,"member":`...))
	return add(dst, `,"channel_id":"`, recur(&g.r, p.guild.channels), `","guild_id":"`, p.guild.id, `"}`)
}

// voiceStateUpdate makes Discord's "Voice State Update": somebody joins, leaves
// or moves, or becomes mute or deaf.
func (g *Generator) voiceStateUpdate(dst []byte) []byte {
	r, p := &g.r, g.world.person(&g.r)
	dst = p.appendMember(append(dst, `{"member":`...))
	dst = add(dst, `,"user_id":"`, p.id, `","suppress":false,"session_id":"`, p.session,
		`","self_video":`, r.yes(5), `,"self_mute":`, r.yes(40), `,"self_deaf":`, r.yes(15),
		`,"request_to_speak_timestamp":null,"mute":`, r.yes(2), `,"guild_id":"`, p.guild.id,
		`","deaf":false,"channel_id":`)
	if r.chance(25) {
		return append(dst, "null}"...)
	}
	return add(dst, `"`, recur(r, p.guild.voice), `"}`)
}

// memberUpdate makes Discord's "Guild Member Update".
func (g *Generator) memberUpdate(dst []byte) []byte {
	p := g.world.person(&g.r)
	return add(dst, `{"user":`, p.user, `,`, p.roles, `,`, p.joined, `,"guild_id":"`, p.guild.id, `",`, p.flags, `}`)
}

// memberAdd makes Discord's "Guild Member Add", of somebody never heard of.
func (g *Generator) memberAdd(dst []byte) []byte {
	r := &g.r
	var room [20]byte
	id := strconv.AppendUint(room[:0], r.snowflake(epoch-int64(r.below(5*year/1000))*1000), 10)
	dst = append(dst, `{"user":`...)
	dst = appendUser(dst, r, string(id), false)
	dst = append(dst, `,"unusual_dm_activity_until":null,"roles":[],"premium_since":null,"pending":true,"nick":null,"mute":false,"joined_at":`...)
	dst = appendTime(dst, g.now)
	dst = add(dst, `,"guild_id":"`, g.world.guild(r).id)
	return append(dst, `","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null}`...)
}

// memberRemove makes Discord's "Guild Member Remove".
func (g *Generator) memberRemove(dst []byte) []byte {
	p := g.world.person(&g.r)
	return add(dst, `{"user":`, p.user, `,"guild_id":"`, p.guild.id, `"}`)
}

// reactionAdd makes Discord's "Message Reaction Add".
func (g *Generator) reactionAdd(dst []byte) []byte {
	m := g.recentMessage()
	p := m.author.fellow(&g.r)
	dst = add(dst, `{"user_id":"`, p.id, `","type":0,"message_id":"`)
	dst = strconv.AppendUint(dst, m.id, 10)
	dst = add(dst, `","message_author_id":"`, m.author.id, `","member":`)
	dst = p.appendMember(dst)
	dst = g.appendEmoji(append(dst, `,"emoji":`...))
	return add(dst, `,"channel_id":"`, m.channel, `","burst":false,"guild_id":"`, m.author.guild.id, `"}`)
}

// reactionRemove makes Discord's "Message Reaction Remove".
func (g *Generator) reactionRemove(dst []byte) []byte {
	m := g.recentMessage()
	p := m.author.fellow(&g.r)
	dst = add(dst, `{"user_id":"`, p.id, `","type":0,"message_id":"`)
	dst = strconv.AppendUint(dst, m.id, 10)
	dst = g.appendEmoji(append(dst, `","emoji":`...))
	return add(dst, `,"channel_id":"`, m.channel, `","burst":false,"guild_id":"`, m.author.guild.id, `"}`)
}

// appendEmoji appends a reaction's emoji, one in four a guild's own.
func (g *Generator) appendEmoji(dst []byte) []byte {
	if g.r.chance(25) {
		id := recur(&g.r, g.world.guild(&g.r).roles) // a role's, which recurs as an emoji's would
		return add(dst, `{"name":"`, recur(&g.r, nameParts), `","id":"`, id, `"}`)
	}
	return add(dst, `{"name":"`, recur(&g.r, unicodeEmoji), `","id":null}`)
}

// yes is JSON's true percent times in a hundred.
func (r *source) yes(percent int) string {
	if r.chance(percent) {
		return "true"
	}
	return "false"
}
