package traffic

import "strconv"

// applicationID is the bot's own application, [DefaultBotID].
const applicationID = "512333785338216465"

// permissions are what the bot and members may do, as bit sets in decimal.
var permissions = []string{"2248473465835073", "562949953421311", "1126038732754433", "2222085186637376", "110767166053953"}

// interactionCreate makes Discord's "Interaction Create": a slash command, or a
// press on a button below a message of the bot.
func (g *Generator) interactionCreate(dst []byte) []byte {
	r, p := &g.r, g.world.person(&g.r)
	command := r.chance(85)
	dst = append(dst, `{"version":1,"type":`...)
	if command {
		dst = append(dst, '2')
	} else {
		dst = append(dst, '3')
	}
	var room [20]byte
	id := g.newID(room[:0])
	dst = append(dst, `,"token":"aW50ZXJhY3Rpb246`...)
	dst = append(r.appendBase62(dst, 150), '"')
	if !command {
		dst = g.appendOwnMessage(append(dst, `,"message":`...))
	}
	locale := recur(r, locales)
	dst = add(dst, `,"member":{"user":`, p.user, `,"unusual_dm_activity_until":null,`, p.roles,
		`,"permissions":"`, recur(r, permissions), `",`, p.joined, `,`, p.flags, `},"locale":"`, locale, `","id":"`)
	dst = append(dst, id...)
	dst = add(dst, `","guild_locale":"en-US","guild_id":"`, p.guild.id, `","guild":{"locale":"en-US","id":"`, p.guild.id,
		`","features":["NEWS","COMMUNITY","SOUNDBOARD"]},"entitlements":[],"entitlement_sku_ids":[],"data":{`)
	if command {
		dst = appendCommand(dst, r)
	} else {
		dst = add(dst, `"id":2,"custom_id":"`, recur(r, commands), `:`, p.id, `","component_type":2`)
	}
	channel := recur(r, p.guild.channels)
	dst = add(dst, `},"context":0,"channel_id":"`, channel, `","channel":{"type":0,"topic":null,"theme_color":null,"rate_limit_per_user":0,"position":`)
	dst = strconv.AppendInt(dst, int64(r.below(40)), 10)
	dst = add(dst, `,"permissions":"`, recur(r, permissions), `","parent_id":"`, p.guild.channels[0],
		`","nsfw":false,"name":"`, recur(r, channelNames), `","last_message_id":"`)
	dst = g.newID(dst)
	return add(dst, `","id":"`, channel, `","icon_emoji":{"name":"👋","id":null},"guild_id":"`, p.guild.id,
		`","flags":0},"authorizing_integration_owners":{"0":"`, p.guild.id,
		`"},"attachment_size_limit":10485760,"application_id":"`, applicationID,
		`","app_permissions":"`, permissions[0], `"}`)
}

// appendCommand appends a slash command's name and options.
func appendCommand(dst []byte, r *source) []byte {
	i := r.recurring(len(commands))
	dst = append(dst, `"type":1,`...)
	if r.chance(70) {
		dst = append(dst, `"options":[{"value":"`...)
		dst = append(appendText(dst, r, r.between(1, 4)), `","type":3,"name":"query"}],`...)
	}
	dst = add(dst, `"name":"`, commands[i], `","id":"9417298`)
	dst = strconv.AppendInt(dst, int64(10_000+i*37), 10)
	return append(dst, `4120931"`...)
}

// appendOwnMessage appends a message of the bot with a row of buttons.
func (g *Generator) appendOwnMessage(dst []byte) []byte {
	m := g.recentMessage()
	dst = append(dst, `{"webhook_id":"`+applicationID+`","type":20,"tts":false,"timestamp":`...)
	dst = appendTime(dst, m.time)
	dst = append(dst, `,"pinned":false,"mentions":[],"mention_roles":[],"mention_everyone":false,"id":"`...)
	dst = strconv.AppendUint(dst, m.id, 10)
	dst = append(dst, `","flags":0,"embeds":[`...)
	dst = appendEmbed(dst, &g.r, m.time)
	dst = append(dst, `],"edited_timestamp":null,"content":"","components":[{"type":1,"id":1,"components":[`...)
	for i := range 2 {
		dst = append(separate(dst, i), `{"type":2,"style":2,"label":"`...)
		dst = append(appendText(dst, &g.r, 1), `","id":`...)
		dst = strconv.AppendInt(dst, int64(i+2), 10)
		dst = add(dst, `,"custom_id":"`, recur(&g.r, commands), `:`, m.author.id, `"}`)
	}
	dst = add(dst, `]}],"channel_id":"`, m.channel, `","author":{"username":"sluice","public_flags":524288,"primary_guild":null,"id":"`, applicationID)
	return append(dst, `","global_name":null,"discriminator":"4821","collectibles":null,"clan":null,"bot":true,"avatar_decoration_data":null,"avatar":null},"attachments":[],"application_id":"`+applicationID+`"}`...)
}
