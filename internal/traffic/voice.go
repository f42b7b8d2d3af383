package traffic

import "strconv"

// voiceStateUpdate makes Discord's "Voice State Update": somebody joins, leaves
// or moves, or becomes mute or deaf.
func (g *Generator) voiceStateUpdate(dst []byte) (string, []byte) {
	return g.changeVoice(dst, g.world.person(&g.r))
}

func (g *Generator) changeVoice(dst []byte, p *person) (string, []byte) {
	r := &g.r
	switch {
	case p.voice == nil && len(p.guild.stages) > 0 && r.chance(2):
		p.voice = p.guild.stages[0]
	case p.voice == nil:
		p.voice = recur(r, p.guild.voice)
	case r.chance(50):
		p.voice = nil
	case r.chance(40):
		p.voice = recur(r, p.guild.voice)
	default:
		p.selfMute, p.selfDeaf = r.chance(40), r.chance(15)
	}
	dst = p.appendMember(append(dst, `{"member":`...))
	dst = p.appendVoiceState(append(dst, ','))
	return "VOICE_STATE_UPDATE", add(dst, `,"guild_id":"`, p.guild.id, `"}`)
}

// appendVoiceState appends the fields of a voice state that GUILD_CREATE has too (Discord: "Voice
// State Object").
func (p *person) appendVoiceState(dst []byte) []byte {
	dst = add(dst, `"user_id":"`, p.id, `","suppress":false,"session_id":"`, p.session, `","self_video":false,"self_mute":`)
	dst = strconv.AppendBool(dst, p.selfMute)
	dst = append(dst, `,"self_deaf":`...)
	dst = strconv.AppendBool(dst, p.selfDeaf)
	dst = append(dst, `,"request_to_speak_timestamp":null,"mute":false,"deaf":false,"channel_id":`...)
	if p.voice == nil {
		return append(dst, "null"...)
	}
	return add(dst, `"`, p.voice.id, `"`)
}

// voiceServerUpdate makes Discord's "Voice Server Update", of a guild where the bot is in a voice
// channel; it joins one first.
func (g *Generator) voiceServerUpdate(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	if home.bot.voice == nil {
		g.follow = func(dst []byte) (string, []byte) { return g.voiceServer(dst, home) }
		return g.changeVoice(dst, home.bot)
	}
	return g.voiceServer(dst, home)
}

func (g *Generator) voiceServer(dst []byte, home *guild) (string, []byte) {
	dst = append(g.r.appendHex(append(dst, `{"token":"`...), 16), `","guild_id":"`...)
	return "VOICE_SERVER_UPDATE", add(dst, home.id, `","endpoint":"voice.gatewaytest.example:443"}`)
}

// speaker draws somebody who is in a voice channel; nil if there is nobody at hand.
func (g *Generator) speaker() *person {
	for range 64 {
		if p := g.world.person(&g.r); p.voice != nil {
			return p
		}
	}
	return nil
}

// voiceEffect makes Discord's "Voice Channel Effect Send".
func (g *Generator) voiceEffect(dst []byte) (string, []byte) {
	p := g.speaker()
	if p == nil {
		return g.voiceStateUpdate(dst)
	}
	dst = add(dst, `{"user_id":"`, p.id, `","guild_id":"`, p.guild.id, `","emoji":{"name":"`, recur(&g.r, unicodeEmoji),
		`","id":null,"animated":false},"channel_id":"`, p.voice.id, `","animation_type":1,"animation_id":`)
	return "VOICE_CHANNEL_EFFECT_SEND", append(strconv.AppendInt(dst, int64(g.r.below(20)), 10), '}')
}

// voiceStatus makes Discord's "Voice Channel Status Update".
func (g *Generator) voiceStatus(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	c := recur(&g.r, home.voice)
	c.status = string(appendText(nil, &g.r, g.r.between(1, 5)))
	return "VOICE_CHANNEL_STATUS_UPDATE", add(dst, `{"status":"`, c.status, `","id":"`, c.id, `","guild_id":"`, home.id, `"}`)
}

// voiceStartTime makes Discord's "Voice Channel Start Time Update".
func (g *Generator) voiceStartTime(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	c := recur(&g.r, home.voice)
	c.started = g.now / 1000
	dst = c.appendStarted(append(dst, '{'))
	return "VOICE_CHANNEL_START_TIME_UPDATE", add(dst, `,"id":"`, c.id, `","guild_id":"`, home.id, `"}`)
}

// channelInfo makes Discord's "Channel Info", the answer to a request.
func (g *Generator) channelInfo(dst []byte) (string, []byte) {
	return "CHANNEL_INFO", g.world.guild(&g.r).appendInfo(dst, true, true)
}

// appendInfo appends the data of a CHANNEL_INFO with one or both of the fields that can be asked for.
func (g *guild) appendInfo(dst []byte, status, started bool) []byte {
	dst = add(dst, `{"guild_id":"`, g.id, `","channels":[`)
	for i, c := range g.voice {
		dst = add(separate(dst, i), `{"id":"`, c.id, `"`)
		if started {
			dst = c.appendStarted(append(dst, ','))
		}
		if status {
			dst = c.appendStatus(append(dst, ','))
		}
		dst = append(dst, '}')
	}
	return append(dst, "]}"...)
}

// appendStatus appends the field "status" of a voice channel.
func (c *channel) appendStatus(dst []byte) []byte {
	if c.status == "" {
		return append(dst, `"status":null`...)
	}
	return add(dst, `"status":"`, c.status, `"`)
}

// appendStarted appends the field "voice_start_time".
func (c *channel) appendStarted(dst []byte) []byte {
	if c.started == 0 {
		return append(dst, `"voice_start_time":null`...)
	}
	return strconv.AppendInt(append(dst, `"voice_start_time":`...), c.started, 10)
}
