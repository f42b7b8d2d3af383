package traffic

import "strconv"

// The types of channels (Discord: "Channel Types").
const (
	channelText     = 0
	channelVoice    = 2
	channelCategory = 4
	channelNews     = 5
	channelStage    = 13
	channelForum    = 15
	channelMedia    = 16

	threadNews    = 10
	threadPublic  = 11
	threadPrivate = 12
)

// A channel is of a guild, and no thread.
type channel struct {
	id      string
	kind    int
	parent  *channel // nil for none
	look    look
	visitor bool   // made in steady traffic, so that it can be deleted
	pinned  int64  // when something was pinned last, in Unix milliseconds; 0: never
	status  string // of a voice channel, as the inside of a JSON string; "" for none
	started int64  // its voice_start_time, in Unix seconds; 0 for none
	written uint64
}

// newChannels makes n channels, six at least: one of each type.
func (g *guild) newChannels(r *source, n int) {
	g.newChannel(r, channelCategory)
	g.newChannel(r, channelText)
	g.newChannel(r, channelVoice)
	g.newChannel(r, channelNews)
	g.newChannel(r, channelStage)
	for i := 5; i < n; i++ {
		kind := channelText
		switch {
		case i == 5:
			kind = channelForum
		case i == 6:
			kind = channelMedia
		case i%16 == 15:
			kind = channelCategory
		case i%3 == 2:
			kind = channelVoice
		}
		g.newChannel(r, kind)
	}
	for i, id := range g.newIDs(r, len(g.channels), fewTogether) {
		g.channels[i].id = id
	}
}

// newChannel makes a channel of the guild.
func (g *guild) newChannel(r *source, kind int) *channel {
	c := &channel{id: g.newID(r), kind: kind, look: r.pcg.Uint64()}
	if kind != channelCategory && len(g.parents) > 0 {
		c.parent = g.parents[len(g.parents)-1]
	}
	g.channels = append(g.channels, c)
	list := g.listOf(kind)
	*list = append(*list, c)
	return c
}

// listOf returns the guild's list of the channels that are alike.
func (g *guild) listOf(kind int) *[]*channel {
	switch kind {
	case channelVoice:
		return &g.voice
	case channelStage:
		return &g.stages
	case channelForum, channelMedia:
		return &g.forums
	case channelCategory:
		return &g.parents
	}
	return &g.text
}

// append appends the channel as its type has it (Discord: "Channel Object"); events of it alone name
// the guild.
func (c *channel) append(dst []byte, g *guild, withGuild bool) []byte {
	r := newSource(c.look, 5)
	dst = append(dst, `{"version":`...)
	dst = strconv.AppendInt(dst, epoch-int64(r.below(year/1000))*1000, 10)
	if c.kind == channelVoice || c.kind == channelStage {
		dst = append(dst, `,"user_limit":`...)
		dst = strconv.AppendInt(dst, int64(r.below(3)*r.below(20)), 10)
	}
	dst = append(dst, `,"type":`...)
	dst = strconv.AppendInt(dst, int64(c.kind), 10)
	if c.kind != channelCategory && c.kind != channelVoice {
		dst = append(dst, `,"topic":`...)
		if r.chance(35) {
			dst = append(appendText(append(dst, '"'), &r, r.between(2, 20)), '"')
		} else {
			dst = append(dst, "null"...)
		}
	}
	if c.kind == channelForum || c.kind == channelMedia {
		dst = append(dst, `,"template":""`...)
	}
	if c.kind != channelCategory {
		dst = append(dst, `,"theme_color":null`...)
	}
	if c.kind == channelVoice || c.kind == channelStage {
		dst = append(c.appendStatus(append(dst, ',')), `,"rtc_region":null`...)
	}
	if c.kind != channelCategory {
		dst = append(dst, `,"rate_limit_per_user":0`...)
	}
	dst = append(dst, `,"position":`...)
	dst = strconv.AppendInt(dst, int64(c.position(g)), 10)
	dst = append(dst, `,"permission_overwrites":[`...)
	if len(g.founding) > 0 {
		first := r.below(len(g.founding))
		n := min(r.below(5), len(g.founding))
		for i := range n {
			dst = add(separate(dst, i), `{"type":0,"id":"`, g.founding[(first+i)%len(g.founding)].id, `","deny":"`,
				pick(&r, overwrites), `","allow":"`, pick(&r, overwrites), `"}`)
		}
	}
	dst = append(dst, `],"parent_id":`...)
	if c.parent != nil {
		dst = add(dst, `"`, c.parent.id, `"`)
	} else {
		dst = append(dst, "null"...)
	}
	dst = add(dst, `,"nsfw":`, r.yes(5), `,"name":"`, r.name(channelNames, "-"), `"`)
	if c.kind != channelCategory {
		dst = append(dst, `,"last_message_id":`...)
		switch {
		case c.written > 0:
			dst = append(strconv.AppendUint(append(dst, '"'), c.written, 10), '"')
		case c.kind == channelText || c.kind == channelNews:
			dst = append(strconv.AppendUint(append(dst, '"'), r.snowflake(epoch-int64(r.below(year/1000))*1000-int64(r.below(1000))), 10), '"')
		default:
			dst = append(dst, "null"...)
		}
		if c.pinned > 0 {
			dst = appendTime(append(dst, `,"last_pin_timestamp":`...), c.pinned)
		}
	}
	dst = add(dst, `,"id":"`, c.id, `"`)
	if c.kind != channelCategory {
		dst = add(dst, `,"icon_emoji":{"name":"`, pick(&r, unicodeEmoji), `","id":null}`)
	}
	if withGuild {
		dst = add(dst, `,"guild_id":"`, g.id, `"`)
	}
	dst = append(dst, `,"flags":0`...)
	switch c.kind {
	case channelVoice, channelStage:
		dst = append(dst, `,"bitrate":64000`...)
	case channelForum, channelMedia:
		dst = append(dst, `,"default_thread_rate_limit_per_user":0,"default_sort_order":null,"default_reaction_emoji":null`...)
		if c.kind == channelForum {
			dst = append(dst, `,"default_forum_layout":0`...)
		}
		dst = append(dst, `,"available_tags":[`...)
		for i := range 2 {
			dst = add(separate(dst, i), `{"name":"`, pick(&r, nameParts), `","moderated":false,"id":"`, c.tag(i), `","emoji_name":null,"emoji_id":null}`)
		}
		dst = append(dst, ']')
	case channelText, channelNews:
		dst = append(dst, `,"default_thread_rate_limit_per_user":0,"default_auto_archive_duration":4320`...)
	}
	return append(dst, '}')
}

// position is the channel's among those of its guild.
func (c *channel) position(g *guild) int {
	for i, other := range g.channels {
		if other == c {
			return i
		}
	}
	return 0
}

// tag is the id of one of a forum's two tags.
func (c *channel) tag(i int) string { return c.id[:len(c.id)-1] + strconv.Itoa(i) }

// overwrites are what channels allow or deny.
var overwrites = []string{"0", "1024", "2048", "1049600", "3072", "0"}
