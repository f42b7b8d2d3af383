package traffic

import (
	"bytes"
	"slices"
	"strconv"
)

// A message is what later events refer to: replies, edits, deletions, reactions.
type message struct {
	id      uint64
	author  *person
	channel string
	kind    int   // type of the channel
	time    int64 // Unix milliseconds
	content []byte
	embed   bool
	poll    bool
	gone    bool
	look    look

	reactions []reaction
}

// recentCount is how many messages are remembered.
const recentCount = 64

// newMessage writes a message by author in channel, of the type kind, into the ring of recent ones.
func (g *Generator) newMessage(author *person, channel string, kind int, embed bool) *message {
	g.next = (g.next + 1) % recentCount
	m := &g.recent[g.next]
	m.author, m.channel, m.kind, m.embed, m.time = author, channel, kind, embed, g.now
	m.id = g.made()
	m.gone, m.poll, m.look, m.reactions = false, false, m.id, m.reactions[:0]
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
	home := p.guild
	if g.r.chance(3) {
		p = home.bot
	}
	embed := p.bot && g.r.chance(90) || g.r.chance(30)
	if len(home.threads) > 0 && g.r.chance(3) {
		t := pick(&g.r, home.threads)
		t.messages++
		return g.newMessage(p, t.id, t.kind, embed)
	}
	c := recur(&g.r, home.text)
	m := g.newMessage(p, c.id, c.kind, embed)
	c.written = m.id
	if p == home.bot {
		g.own = append(g.own[max(0, len(g.own)-7):], ownMessage{m.id, m.channel, c, home, m.time})
	}
	return m
}

// recentMessage draws one of the last messages that are still there; nil if there is none at hand.
func (g *Generator) recentMessage() *message {
	for range 8 {
		if m := &g.recent[(g.next+recentCount-g.r.rank(5))%recentCount]; !m.gone && !m.author.gone {
			return m
		}
	}
	return nil
}

// messageCreate makes Discord's "Message Create", now and then of an answer.
func (g *Generator) messageCreate(dst []byte) (string, []byte) {
	if g.r.chance(6) {
		if answered := g.recentMessage(); answered != nil {
			was := *answered // its place may be the new one's
			was.content = bytes.Clone(was.content)
			m := g.newMessage(was.author.fellow(&g.r), was.channel, was.kind, false)
			return "MESSAGE_CREATE", g.appendMessage(dst, m, &was, false)
		}
	}
	m := g.openMessage()
	if !m.author.bot && g.r.below(200) == 0 {
		g.newPoll(m)
	}
	return "MESSAGE_CREATE", g.appendMessage(dst, m, nil, false)
}

// messageUpdate makes Discord's "Message Update" of a recent message: an edit, or
// the embed of a link that it contains.
func (g *Generator) messageUpdate(dst []byte) (string, []byte) {
	m := g.recentMessage()
	if m == nil {
		return g.messageCreate(dst)
	}
	edited := g.r.chance(60) && !m.poll
	if edited {
		if len(m.content) > 0 {
			m.content = append(m.content, ' ')
		}
		m.content = appendText(m.content, &g.r, g.r.between(1, 3))
	}
	return "MESSAGE_UPDATE", g.appendMessage(dst, m, nil, edited)
}

// messageDelete makes Discord's "Message Delete".
func (g *Generator) messageDelete(dst []byte) (string, []byte) {
	m := g.recentMessage()
	if m == nil {
		return g.messageCreate(dst)
	}
	g.forget(m)
	dst = append(dst, `{"id":"`...)
	dst = strconv.AppendUint(dst, m.id, 10)
	return "MESSAGE_DELETE", add(dst, `","channel_id":"`, m.channel, `","guild_id":"`, m.author.guild.id, `"}`)
}

// messageDeleteBulk makes Discord's "Message Delete Bulk": all recent messages of a channel.
func (g *Generator) messageDeleteBulk(dst []byte) (string, []byte) {
	m := g.recentMessage()
	if m == nil {
		return g.messageCreate(dst)
	}
	dst = append(dst, `{"ids":[`...)
	n := 0
	for i := range g.recent {
		if other := &g.recent[i]; !other.gone && other.channel == m.channel {
			g.forget(other)
			dst = append(separate(dst, n), '"')
			dst = append(strconv.AppendUint(dst, other.id, 10), '"')
			n++
		}
	}
	return "MESSAGE_DELETE_BULK", add(dst, `],"guild_id":"`, m.author.guild.id, `","channel_id":"`, m.channel, `"}`)
}

// forget notes that m is deleted.
func (g *Generator) forget(m *message) {
	m.gone = true
	g.own = slices.DeleteFunc(g.own, func(own ownMessage) bool { return own.id == m.id })
	g.polls = slices.DeleteFunc(g.polls, func(p *poll) bool { return p.id == m.id })
}

// forgetChannel notes that the messages of a channel are gone with it.
func (g *Generator) forgetChannel(id string) {
	for i := range g.recent {
		if g.recent[i].channel == id {
			g.recent[i].gone = true
		}
	}
	g.own = slices.DeleteFunc(g.own, func(own ownMessage) bool { return own.channel == id })
	g.polls = slices.DeleteFunc(g.polls, func(p *poll) bool { return p.channel == id })
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
	if m.poll {
		dst = g.appendPoll(append(dst, `,"poll":`...), m)
	}
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
	dst = add(dst, `],"mention_roles":[],"mention_everyone":false,"member":{`, p.fields, `},"id":"`)
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
	dst = add(dst, `","components":[],"channel_type":`)
	dst = strconv.AppendInt(dst, int64(m.kind), 10)
	dst = add(dst, `,"channel_id":"`, m.channel, `","author":`, p.user, `,"attachments":[`)
	if !p.bot && m.look%100 < 8 {
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
