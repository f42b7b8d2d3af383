package traffic

import "strconv"

// A message is what later events refer to: replies, edits, deletions, reactions.
type message struct {
	id      uint64
	author  *person
	channel string
	time    int64 // Unix milliseconds
	content []byte
	embed   bool
}

// recentCount is how many messages are remembered.
const recentCount = 64

// newMessage writes a message by author in channel into the ring of recent ones.
func (g *Generator) newMessage(author *person, channel string, embed bool) *message {
	g.next = (g.next + 1) % recentCount
	m := &g.recent[g.next]
	m.author, m.channel, m.embed, m.time = author, channel, embed, g.now
	m.id = g.r.snowflake(g.now)
	m.content = m.content[:0]
	if !author.bot || !embed || g.r.chance(30) {
		// Most messages are short; few are long.
		m.content = appendText(m.content, &g.r, 1+g.r.rank(6))
	}
	return m
}

// openMessage is a newMessage by somebody somewhere: bots write embeds, people at
// most a link that becomes one.
func (g *Generator) openMessage() *message {
	p := g.world.author(&g.r)
	channel := recur(&g.r, p.guild.channels)
	return g.newMessage(p, channel, p.bot && g.r.chance(90) || g.r.chance(30))
}

// recentMessage draws one of the last messages.
func (g *Generator) recentMessage() *message {
	return &g.recent[(g.next+recentCount-g.r.rank(5))%recentCount]
}

// messageCreate makes Discord's "Message Create", now and then of an answer.
func (g *Generator) messageCreate(dst []byte) []byte {
	if g.r.chance(6) {
		answered := g.recentMessage()
		m := g.newMessage(answered.author.fellow(&g.r), answered.channel, false)
		return g.appendMessage(dst, m, answered, false)
	}
	return g.appendMessage(dst, g.openMessage(), nil, false)
}

// messageUpdate makes Discord's "Message Update" of a recent message: an edit, or
// the embed of a link that it contains.
func (g *Generator) messageUpdate(dst []byte) []byte {
	m := g.recentMessage()
	edited := g.r.chance(60)
	if edited {
		if len(m.content) > 0 {
			m.content = append(m.content, ' ')
		}
		m.content = appendText(m.content, &g.r, g.r.between(1, 3))
	}
	return g.appendMessage(dst, m, nil, edited)
}

// messageDelete makes Discord's "Message Delete".
func (g *Generator) messageDelete(dst []byte) []byte {
	m := g.recentMessage()
	dst = append(dst, `{"id":"`...)
	dst = strconv.AppendUint(dst, m.id, 10)
	return add(dst, `","channel_id":"`, m.channel, `","guild_id":"`, m.author.guild.id, `"}`)
}

// appendMessage appends m as an event shows it, edited now if edited, with the
// message that it answers unless that is nil.
func (g *Generator) appendMessage(dst []byte, m, answered *message, edited bool) []byte {
	r, p := &g.r, m.author
	kind := "0"
	if answered != nil {
		kind = "19"
	}
	dst = add(dst, `{"type":`, kind, `,"tts":false,"timestamp":`)
	dst = appendTime(dst, m.time)
	if answered != nil {
		dst = append(dst, `,"referenced_message":`...)
		dst = answered.appendReferenced(dst)
	}
	dst = append(dst, `,"pinned":false`...)
	if !p.bot && !edited {
		dst = append(dst, `,"nonce":"`...)
		dst = append(g.newID(dst), '"')
	}
	if answered != nil {
		dst = append(dst, `,"message_reference":{"type":0,"message_id":"`...)
		dst = strconv.AppendUint(dst, answered.id, 10)
		dst = add(dst, `","guild_id":"`, p.guild.id, `","channel_id":"`, answered.channel, `"}`)
	}
	dst = append(dst, `,"mentions":[`...)
	if answered != nil {
		dst = answered.author.appendMentioned(dst)
	}
	dst = add(dst, `],"mention_roles":[],"mention_everyone":false,"member":{`, p.roles, `,`, p.joined, `,`, p.flags, `},"id":"`)
	dst = strconv.AppendUint(dst, m.id, 10)
	dst = append(dst, `","flags":0,"embeds":[`...)
	if m.embed {
		dst = appendEmbed(dst, r, m.time)
	}
	dst = append(dst, `],"edited_timestamp":`...)
	if edited {
		dst = appendTime(dst, g.now)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"content":"`...)
	dst = append(dst, m.content...)
	dst = add(dst, `","components":[],"channel_type":0,"channel_id":"`, m.channel, `","author":`, p.user, `,"attachments":[`)
	if !p.bot && r.chance(8) {
		dst = g.appendAttachment(dst, m)
	}
	return add(dst, `],"guild_id":"`, p.guild.id, `"}`)
}

// appendReferenced appends m as the answered message within another.
func (m *message) appendReferenced(dst []byte) []byte {
	dst = append(dst, `{"type":0,"tts":false,"timestamp":`...)
	dst = appendTime(dst, m.time)
	dst = append(dst, `,"pinned":false,"mentions":[],"mention_roles":[],"mention_everyone":false,"id":"`...)
	dst = strconv.AppendUint(dst, m.id, 10)
	dst = append(dst, `","flags":0,"embeds":[],"edited_timestamp":null,"content":"`...)
	dst = append(dst, m.content...)
	return add(dst, `","components":[],"channel_id":"`, m.channel, `","author":`, m.author.user, `,"attachments":[]}`)
}
