package traffic

import "strconv"

// permissions are what the bot and members may do, as bit sets in decimal.
var permissions = []string{"2248473465835073", "562949953421311", "1126038732754433", "2222085186637376", "110767166053953"}

// An ownMessage is one of the bot's last messages, which have buttons.
type ownMessage struct {
	id      uint64
	channel string
	at      *channel
	home    *guild
	time    int64
}

// The types of interactions (Discord: "Interaction Type").
const (
	interactionCommand      = 2
	interactionComponent    = 3
	interactionAutocomplete = 4
	interactionModal        = 5
)

// interactionCreate makes Discord's "Interaction Create": mostly a command, else a
// press on a button below a message of the bot, a form, or a half-written command.
func (g *Generator) interactionCreate(dst []byte) (string, []byte) {
	r, p := &g.r, g.world.person(&g.r)
	home := p.guild
	channel := recur(r, home.text)
	kind := interactionCommand
	var under *ownMessage
	switch draw := r.below(100); {
	case draw < 15:
		for i := range g.own {
			if g.own[i].home == home {
				under, kind, channel = &g.own[i], interactionComponent, g.own[i].at
				if draw < 3 {
					kind = interactionModal
				}
			}
		}
	case draw < 20:
		kind = interactionAutocomplete
	}
	dst = append(dst, `{"version":1,"type":`...)
	dst = strconv.AppendInt(dst, int64(kind), 10)
	id := g.id()
	dst = append(g.appendInteractionToken(append(dst, `,"token":"`...), id, channel.id, kind), '"')
	if under != nil {
		dst = g.appendOwnMessage(append(dst, `,"message":`...), under, home)
	}
	dst = add(dst, `,"member":{"user":`, p.user, `,"unusual_dm_activity_until":null,"permissions":"`, recur(r, permissions),
		`",`, p.fields, `},"locale":"`, recur(r, locales), `","id":"`, id,
		`","guild_locale":"en-US","guild_id":"`, home.id, `","guild":{"locale":"en-US","id":"`, home.id,
		`","features":["NEWS","COMMUNITY","SOUNDBOARD"]},"entitlements":[],"entitlement_sku_ids":[],"data":{`)
	switch kind {
	case interactionCommand:
		dst = g.appendCommand(dst, p, channel)
	case interactionAutocomplete:
		dst = g.appendSlash(dst, `,"focused":true`)
	case interactionComponent:
		dst = add(dst, `"id":2,"custom_id":"`, recur(r, commands), `:`, p.id, `","component_type":2`)
	case interactionModal:
		dst = add(dst, `"custom_id":"form:`, p.id, `","components":[{"type":1,"id":1,"components":[{"value":"`)
		dst = append(appendText(dst, r, r.between(2, 20)), `","type":4,"id":2,"custom_id":"text"}]}]`...)
	}
	dst = add(dst, `},"context":0,"channel_id":"`, channel.id, `","channel":`)
	dst = channel.append(dst, home, true)
	return "INTERACTION_CREATE", add(dst[:len(dst)-1], `,"permissions":"`, recur(r, permissions), `"},"authorizing_integration_owners":{"0":"`, home.id,
		`"},"attachment_size_limit":10485760,"application_id":"`, g.bot, `","app_permissions":"`, permissions[0], `"}`)
}

// appendCommand appends a command's name and what it is about: options, a member or a message.
func (g *Generator) appendCommand(dst []byte, p *person, channel *channel) []byte {
	r := &g.r
	switch draw := r.below(100); {
	case draw < 10:
		on := p.fellow(r)
		dst = add(dst, `"type":2,"target_id":"`, on.id, `","resolved":{"users":{"`, on.id, `":`, on.user, `},"members":{"`, on.id, `":{"unusual_dm_activity_until":null,"permissions":"`,
			recur(r, permissions), `",`, on.fields, `}}},"name":"Profile","id":"`)
		return append(appendCommandID(dst, len(commands)), '"')
	case draw < 15:
		if m := g.recentMessage(); m != nil && m.channel == channel.id {
			dst = add(dst, `"type":3,"target_id":"`)
			dst = strconv.AppendUint(dst, m.id, 10)
			dst = strconv.AppendUint(append(dst, `","resolved":{"messages":{"`...), m.id, 10)
			dst = append(m.appendReferenced(append(dst, `":`...)), `}},"name":"Translate","id":"`...)
			return append(appendCommandID(dst, len(commands)+1), '"')
		}
	}
	return g.appendSlash(dst, "")
}

// appendSlash appends a slash command's name and options.
func (g *Generator) appendSlash(dst []byte, option string) []byte {
	r := &g.r
	i := r.recurring(len(commands))
	dst = append(dst, `"type":1,`...)
	if option != "" || r.chance(70) {
		dst = append(dst, `"options":[{"value":"`...)
		dst = add(appendText(dst, r, r.between(1, 4)), `","type":3,"name":"query"`, option, `}],`)
	}
	dst = add(dst, `"name":"`, commands[i], `","id":"`)
	return append(appendCommandID(dst, i), '"')
}

// appendCommandID appends the id of the bot's i-th command.
func appendCommandID(dst []byte, i int) []byte {
	dst = strconv.AppendInt(append(dst, `9417298`...), int64(10_000+i*37), 10)
	return append(dst, `412093`...)
}

// appendOwnMessage appends a message of the bot with a row of buttons.
func (g *Generator) appendOwnMessage(dst []byte, m *ownMessage, home *guild) []byte {
	dst = append(dst, `{"type":0,"tts":false,"timestamp":`...)
	dst = appendTime(dst, m.time)
	dst = append(dst, `,"pinned":false,"mentions":[],"mention_roles":[],"mention_everyone":false,"id":"`...)
	dst = strconv.AppendUint(dst, m.id, 10)
	dst = append(dst, `","flags":0,"embeds":[`...)
	look := newSource(m.id, 18)
	dst = appendEmbed(dst, &look, m.time)
	dst = append(dst, `],"edited_timestamp":null,"content":"","components":[{"type":1,"id":1,"components":[`...)
	for i := range 2 {
		dst = append(separate(dst, i), `{"type":2,"style":2,"label":"`...)
		dst = append(appendText(dst, &look, 1), `","id":`...)
		dst = strconv.AppendInt(dst, int64(i+2), 10)
		dst = add(dst, `,"custom_id":"`, recur(&look, commands), `:`, home.bot.id, `"}`)
	}
	return add(dst, `]}],"channel_id":"`, m.channel, `","author":`, home.bot.user, `,"attachments":[],"application_id":"`, g.bot, `"}`)
}
