package traffic

import (
	"slices"
	"strconv"
)

// typingStart makes Discord's "Typing Start".
func (g *Generator) typingStart(dst []byte) (string, []byte) {
	p := g.world.person(&g.r)
	dst = add(dst, `{"user_id":"`, p.id, `","timestamp":`)
	dst = strconv.AppendInt(dst, g.now/1000, 10)
	dst = p.appendMember(append(dst, `,"member":`...))
	return "TYPING_START", add(dst, `,"channel_id":"`, recur(&g.r, p.guild.text).id, `","guild_id":"`, p.guild.id, `"}`)
}

// memberUpdate makes Discord's "Guild Member Update": a role is given or taken, or nothing changes that
// a bot can see. Who has many roles rather loses one, so that members stay as large as they are.
func (g *Generator) memberUpdate(dst []byte) (string, []byte) {
	r, p := &g.r, g.world.person(&g.r)
	if len(p.guild.roles) > 0 && r.chance(50) {
		if given := recur(r, p.guild.roles); r.below(8) < len(p.has) {
			p.setRoles(remove(slices.Clone(p.has), pick(r, p.has)))
		} else if !slices.Contains(p.has, given) {
			p.setRoles(append(p.has[:len(p.has):len(p.has)], given))
		}
	}
	return "GUILD_MEMBER_UPDATE", add(dst, p.member[:len(p.member)-1], `,"guild_id":"`, p.guild.id, `"}`)
}

// memberAdd makes Discord's "Guild Member Add", mostly of somebody never heard of.
func (g *Generator) memberAdd(dst []byte) (string, []byte) {
	r, home := &g.r, g.world.guild(&g.r)
	var p *person
	if len(home.gone) > 0 && r.chance(20) {
		p = home.gone[0]
		home.gone = home.gone[1:]
	} else {
		p = newPerson(r, home, false)
	}
	g.world.addPerson(p)
	p.has, p.status = nil, ""
	p.rewrite(p.user, `"premium_since":null`, string(appendJoined(nil, r, g.now, r.chance(70))))
	home.people = append(home.people, p)
	dst = add(dst, p.member[:len(p.member)-1], `,"unusual_dm_activity_until":null,"guild_id":"`, home.id, `"}`)
	return "GUILD_MEMBER_ADD", dst
}

// maxGone is how many of those that have left a guild can come again.
const maxGone = 16

// memberRemove makes Discord's "Guild Member Remove".
func (g *Generator) memberRemove(dst []byte) (string, []byte) {
	if p := g.removable(); p != nil {
		if len(p.guild.gone) < maxGone {
			p.guild.gone = append(p.guild.gone, p)
		}
		return g.leave(dst, p)
	}
	return g.memberAdd(dst)
}

// removable draws a member who can go: nobody who owns the guild or is in a voice channel, and
// nobody of the last ones. It is nil if there is none at hand.
func (g *Generator) removable() *person {
	for range 4 {
		p := g.world.person(&g.r)
		if p.id != p.guild.ownerID && p.voice == nil && len(p.guild.people) > minPeople/2 {
			return p
		}
	}
	return nil
}

// leave has p leave the guild.
func (g *Generator) leave(dst []byte, p *person) (string, []byte) {
	home := p.guild
	home.people = remove(home.people, p)
	g.world.removePerson(p)
	for _, t := range home.threads {
		t.members = remove(t.members, p)
	}
	for _, e := range home.events {
		e.users = remove(e.users, p)
	}
	return "GUILD_MEMBER_REMOVE", add(dst, `{"user":`, p.user, `,"guild_id":"`, home.id, `"}`)
}

// banAdd makes Discord's "Guild Ban Add", which the member's removal follows.
func (g *Generator) banAdd(dst []byte) (string, []byte) {
	p := g.removable()
	if p == nil {
		return g.memberAdd(dst)
	}
	p.guild.banned = append(p.guild.banned, p)
	g.follow = func(dst []byte) (string, []byte) { return g.leave(dst, p) }
	return "GUILD_BAN_ADD", add(dst, `{"user":`, p.user, `,"guild_id":"`, p.guild.id, `"}`)
}

// banRemove makes Discord's "Guild Ban Remove"; there is a ban first.
func (g *Generator) banRemove(dst []byte) (string, []byte) {
	for _, home := range g.world.guilds {
		if len(home.banned) > 0 {
			p := home.banned[0]
			home.banned = home.banned[1:]
			home.gone = append(home.gone, p)
			return "GUILD_BAN_REMOVE", add(dst, `{"user":`, p.user, `,"guild_id":"`, home.id, `"}`)
		}
	}
	return g.banAdd(dst)
}

// membersChunk makes Discord's "Guild Members Chunk", the answer to a request that nobody made. Its nonce is a
// number, since JDA takes every nonce for one.
func (g *Generator) membersChunk(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	dst = append(dst, `{"nonce":"0","members":[`...)
	for i, p := range home.people[:min(len(home.people), 10)] {
		dst = p.appendMember(separate(dst, i))
	}
	return "GUILD_MEMBERS_CHUNK", add(dst, `],"guild_id":"`, home.id, `","chunk_index":0,"chunk_count":1}`)
}

// userUpdate makes Discord's "User Update", of the bot.
func (g *Generator) userUpdate(dst []byte) (string, []byte) {
	return "USER_UPDATE", Bot(dst, g.maker.bot)
}

// yes is JSON's true percent times in a hundred.
func (r *source) yes(percent int) string {
	return strconv.FormatBool(r.chance(percent))
}
