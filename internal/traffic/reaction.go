package traffic

import (
	"slices"
	"strconv"
)

// A reaction is somebody's to a message.
type reaction struct {
	by      *person
	own     *emoji // of the guild; nil: a Unicode one
	unicode string
}

// newReaction draws a reaction to m, one in four with an emoji of the guild's own.
func (g *Generator) newReaction(m *message) reaction {
	home := m.author.guild
	by := m.author.fellow(&g.r)
	if len(home.emojis) > 0 && g.r.chance(25) {
		return reaction{by: by, own: recur(&g.r, home.emojis)}
	}
	return reaction{by: by, unicode: recur(&g.r, unicodeEmoji)}
}

func (x *reaction) same(y reaction) bool { return x.own == y.own && x.unicode == y.unicode }

func (x *reaction) appendEmoji(dst []byte) []byte {
	if x.own != nil {
		return append(x.own.appendName(append(dst, `"emoji":{`...)), '}')
	}
	return add(dst, `"emoji":{"name":"`, x.unicode, `","id":null}`)
}

// maxReactions bounds what is remembered of a message.
const maxReactions = 20

// reactionAdd makes Discord's "Message Reaction Add".
func (g *Generator) reactionAdd(dst []byte) (string, []byte) {
	m := g.recentMessage()
	if m == nil || len(m.reactions) >= maxReactions {
		return g.messageCreate(dst)
	}
	x := g.newReaction(m)
	if slices.Contains(m.reactions, x) {
		return g.messageCreate(dst)
	}
	m.reactions = append(m.reactions, x)
	dst = add(dst, `{"user_id":"`, x.by.id, `","type":0,"message_id":"`)
	dst = strconv.AppendUint(dst, m.id, 10)
	dst = add(dst, `","message_author_id":"`, m.author.id, `","member":`)
	dst = append(x.by.appendMember(dst), ',')
	return "MESSAGE_REACTION_ADD", add(x.appendEmoji(dst), `,"channel_id":"`, m.channel, `","burst":false,"guild_id":"`, m.author.guild.id, `"}`)
}

// reacted draws a recent message that has reactions; nil if there is none at hand.
func (g *Generator) reacted() *message {
	for range 8 {
		if m := g.recentMessage(); m != nil && len(m.reactions) > 0 {
			return m
		}
	}
	return nil
}

// reactionRemove makes Discord's "Message Reaction Remove".
func (g *Generator) reactionRemove(dst []byte) (string, []byte) {
	m := g.reacted()
	if m == nil {
		return g.reactionAdd(dst)
	}
	i := g.r.below(len(m.reactions))
	x := m.reactions[i]
	m.reactions = slices.Delete(m.reactions, i, i+1)
	dst = add(dst, `{"user_id":"`, x.by.id, `","type":0,"message_id":"`)
	dst = append(strconv.AppendUint(dst, m.id, 10), `",`...)
	return "MESSAGE_REACTION_REMOVE", add(x.appendEmoji(dst), `,"channel_id":"`, m.channel, `","burst":false,"guild_id":"`, m.author.guild.id, `"}`)
}

// reactionRemoveAll makes Discord's "Message Reaction Remove All" and "Message Reaction Remove Emoji".
func (g *Generator) reactionRemoveAll(dst []byte) (string, []byte) {
	m := g.reacted()
	if m == nil {
		return g.reactionAdd(dst)
	}
	dst = strconv.AppendUint(append(dst, `{"message_id":"`...), m.id, 10)
	dst = add(dst, `","guild_id":"`, m.author.guild.id, `"`)
	name := "MESSAGE_REACTION_REMOVE_ALL"
	if g.r.chance(50) {
		x := pick(&g.r, m.reactions)
		m.reactions = slices.DeleteFunc(m.reactions, x.same)
		name, dst = "MESSAGE_REACTION_REMOVE_EMOJI", x.appendEmoji(append(dst, ','))
	} else {
		m.reactions = m.reactions[:0]
	}
	return name, add(dst, `,"channel_id":"`, m.channel, `"}`)
}

// A poll is one of the last messages that have any.
type poll struct {
	id      uint64 // of the message
	channel string
	guild   *guild
	votes   []vote
}

type vote struct {
	by     *person
	answer int
}

// newPoll gives m a poll.
func (g *Generator) newPoll(m *message) {
	m.poll, m.embed, m.content = true, false, m.content[:0]
	g.polls = append(g.polls[max(0, len(g.polls)-7):], &poll{id: m.id, channel: m.channel, guild: m.author.guild})
}

// appendPoll appends the poll of m (Discord: "Poll Object").
func (g *Generator) appendPoll(dst []byte, m *message) []byte {
	r := newSource(m.look, 17)
	dst = appendText(append(dst, `{"question":{"text":"`...), &r, r.between(3, 8))
	dst = appendTime(append(dst, `"},"layout_type":1,"expiry":`...), m.time+86_400_000)
	dst = append(dst, `,"answers":[`...)
	for i := range 3 {
		dst = strconv.AppendInt(append(separate(dst, i), `{"answer_id":`...), int64(i+1), 10)
		dst = append(appendText(append(dst, `,"poll_media":{"text":"`...), &r, r.between(1, 3)), `"}}`...)
	}
	return append(dst, `],"allow_multiselect":false}`...)
}

// pollVote makes Discord's "Message Poll Vote Add" and "Message Poll Vote Remove".
func (g *Generator) pollVote(dst []byte) (string, []byte) {
	if len(g.polls) == 0 {
		return g.messageCreate(dst)
	}
	p := pick(&g.r, g.polls)
	v := vote{pick(&g.r, p.guild.people), g.r.between(1, 3)}
	name := "MESSAGE_POLL_VOTE_ADD"
	i := slices.IndexFunc(p.votes, func(other vote) bool { return other.by == v.by })
	if i < 0 && len(p.votes) > 0 && g.r.chance(30) {
		i = g.r.below(len(p.votes))
	}
	if i >= 0 {
		v, name = p.votes[i], "MESSAGE_POLL_VOTE_REMOVE"
		p.votes = slices.Delete(p.votes, i, i+1)
	} else {
		p.votes = append(p.votes, v)
	}
	dst = add(dst, `{"user_id":"`, v.by.id, `","message_id":"`)
	dst = strconv.AppendUint(dst, p.id, 10)
	dst = add(dst, `","guild_id":"`, p.guild.id, `","channel_id":"`, p.channel, `","answer_id":`)
	return name, append(strconv.AppendInt(dst, int64(v.answer), 10), '}')
}
