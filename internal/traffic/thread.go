package traffic

import (
	"slices"
	"strconv"
)

// A thread is one that is not archived.
type thread struct {
	id       string
	kind     int
	parent   *channel
	owner    string
	look     look
	made     int64     // Unix milliseconds
	members  []*person // those that are known
	others   int       // members that are not
	messages int
	bot      bool // the bot is a member
}

// maxThreadMembers is the member_count at which Discord stops to count.
const maxThreadMembers = 50

// newThread makes a thread in one of the guild's channels.
func (g *guild) newThread(r *source, id uint64, owner string, made int64) *thread {
	t := &thread{id: strconv.FormatUint(id, 10), owner: owner, look: r.pcg.Uint64(), made: made, others: r.between(1, 9), messages: r.below(50)}
	if len(g.forums) > 0 && r.chance(40) {
		t.parent, t.kind = pick(r, g.forums), threadPublic
	} else if t.parent = recur(r, g.text); t.parent.kind == channelNews {
		t.kind = threadNews
	} else if t.kind = threadPublic; r.chance(15) {
		t.kind = threadPrivate
	}
	g.threads = append(g.threads, t)
	return t
}

func (t *thread) count() int { return min(t.others+len(t.members), maxThreadMembers) }

// append appends the thread as its events have it (Discord: "Channel Object", heading "Thread
// Fields"), with more fields, which end in a comma.
func (t *thread) append(dst []byte, g *guild, more string) []byte {
	return t.appendAs(dst, g, more, false, (*thread).appendMember)
}

// appendAs appends the thread with the bot as a member as GUILD_CREATE or events have it.
func (t *thread) appendAs(dst []byte, g *guild, more string, archived bool, appendBot func(*thread, []byte, *guild) []byte) []byte {
	r := newSource(t.look, 11)
	dst = append(dst, `{"type":`...)
	dst = strconv.AppendInt(dst, int64(t.kind), 10)
	dst = append(dst, `,"total_message_sent":`...)
	dst = strconv.AppendInt(dst, int64(t.messages), 10)
	dst = add(dst, `,"thread_metadata":{"locked":false,`)
	if t.kind == threadPrivate {
		dst = append(dst, `"invitable":true,`...)
	}
	dst = appendTime(append(dst, `"create_timestamp":`...), t.made)
	dst = append(dst, `,"auto_archive_duration":4320,"archived":`...)
	dst = appendTime(append(strconv.AppendBool(dst, archived), `,"archive_timestamp":`...), t.made)
	dst = add(dst, `},"rate_limit_per_user":0,"parent_id":"`, t.parent.id, `","owner_id":"`, t.owner, `",`, more, `"name":"`)
	dst = appendText(dst, &r, r.between(1, 6))
	dst = append(dst, `","message_count":`...)
	dst = strconv.AppendInt(dst, int64(t.messages), 10)
	dst = append(dst, `,"member_count":`...)
	dst = strconv.AppendInt(dst, int64(t.count()), 10)
	if t.bot {
		dst = append(appendBot(t, append(dst, `,"member":`...), g), '}')
	}
	dst = add(dst, `,"last_message_id":null,"id":"`, t.id, `","guild_id":"`, g.id, `","flags":0`)
	if t.parent.kind == channelForum || t.parent.kind == channelMedia {
		dst = add(dst, `,"applied_tags":["`, t.parent.tag(0), `"]`)
	}
	return append(dst, '}')
}

// appendListed appends the bot as a member of the thread as GUILD_CREATE has it, without the ids and the
// brace at the end (Discord: "Thread Member Object").
func (t *thread) appendListed(dst []byte, _ *guild) []byte {
	dst = appendTime(append(dst, `{"muted":false,"mute_config":null,"join_timestamp":`...), t.made)
	return append(dst, `,"flags":1`...)
}

// appendMember appends the bot as a member of the thread as everything else has it, likewise without the
// brace.
func (t *thread) appendMember(dst []byte, g *guild) []byte {
	return add(t.appendListed(dst, g), `,"user_id":"`, g.bot.id, `","id":"`, t.id, `"`)
}

// threadChange makes Discord's "Thread Create", "Update" and "Delete". An archived thread is not
// heard of again.
func (g *Generator) threadChange(dst []byte) (string, []byte) {
	p := g.world.person(&g.r)
	home := p.guild
	change := g.r.below(4)
	if len(home.threads) == 0 || change == 0 && len(home.threads) < 50 {
		t := home.newThread(&g.r, g.made(), p.id, g.now)
		t.others, t.members, t.messages = 0, []*person{p}, 0
		t.bot = g.r.chance(50)
		if t.bot {
			t.members = append(t.members, home.bot)
		}
		return "THREAD_CREATE", t.append(dst, home, `"newly_created":true,`)
	}
	t := pick(&g.r, home.threads)
	switch change {
	case 1:
		home.threads = remove(home.threads, t)
		g.forgetChannel(t.id)
		return "THREAD_DELETE", add(strconv.AppendInt(append(dst, `{"type":`...), int64(t.kind), 10),
			`,"parent_id":"`, t.parent.id, `","id":"`, t.id, `","guild_id":"`, home.id, `"}`)
	case 2:
		home.threads = remove(home.threads, t)
		g.forgetChannel(t.id)
		return "THREAD_UPDATE", t.appendAs(dst, home, "", true, (*thread).appendMember)
	}
	t.look = g.r.pcg.Uint64()
	return "THREAD_UPDATE", t.append(dst, home, "")
}

// threadSync makes Discord's "Thread List Sync": the bot sees a channel's threads again.
func (g *Generator) threadSync(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	if len(home.threads) == 0 {
		return g.threadChange(dst)
	}
	parent := pick(&g.r, home.threads).parent
	dst = append(dst, `{"threads":[`...)
	n := 0
	for _, t := range home.threads {
		if t.parent == parent {
			dst = t.append(separate(dst, n), home, "")
			n++
		}
	}
	dst = append(dst, `],"members":[`...)
	n = 0
	for _, t := range home.threads {
		if t.parent == parent && t.bot {
			dst = append(t.appendMember(separate(dst, n), home), '}')
			n++
		}
	}
	return "THREAD_LIST_SYNC", add(dst, `],"guild_id":"`, home.id, `","channel_ids":["`, parent.id, `"]}`)
}

// threadMember makes Discord's "Thread Member Update", of the bot, and "Thread Members Update".
func (g *Generator) threadMember(dst []byte) (string, []byte) {
	p := g.world.person(&g.r)
	home := p.guild
	if len(home.threads) == 0 {
		return g.threadChange(dst)
	}
	t := pick(&g.r, home.threads)
	if t.bot && g.r.chance(50) {
		return "THREAD_MEMBER_UPDATE", add(t.appendMember(dst, home), `,"guild_id":"`, home.id, `"}`)
	}
	joins := !slices.Contains(t.members, p)
	if joins {
		t.members = append(t.members, p)
	} else {
		t.members = remove(t.members, p)
	}
	dst = strconv.AppendInt(append(dst, `{"member_count":`...), int64(t.count()), 10)
	dst = add(dst, `,"id":"`, t.id, `","guild_id":"`, home.id, `"`)
	if !joins {
		return "THREAD_MEMBERS_UPDATE", add(dst, `,"removed_member_ids":["`, p.id, `"]}`)
	}
	dst = add(dst, `,"added_members":[{"user_id":"`, p.id, `","presence":null,"muted":false,"mute_config":null,"member":`)
	dst = appendTime(append(p.appendMember(dst), `,"join_timestamp":`...), g.now)
	return "THREAD_MEMBERS_UPDATE", add(dst, `,"id":"`, t.id, `","flags":0}]}`)
}
