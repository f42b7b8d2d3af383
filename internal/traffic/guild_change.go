package traffic

import "slices"

// channelChange makes Discord's "Channel Create", "Update" and "Delete"; what goes was made in steady
// traffic.
func (g *Generator) channelChange(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	change := g.r.below(3)
	if change == 0 && len(home.channels) < maxChannels {
		c := home.newChannel(&g.r, pick(&g.r, []int{channelText, channelNews, channelForum}))
		c.id, c.visitor = g.id(), true
		return "CHANNEL_CREATE", c.append(dst, home, true)
	}
	if change == 1 {
		for _, c := range home.channels {
			if c.visitor {
				return g.deleteChannel(dst, home, c)
			}
		}
	}
	c := pick(&g.r, home.channels)
	c.look = g.r.pcg.Uint64()
	return "CHANNEL_UPDATE", c.append(dst, home, true)
}

func (g *Generator) deleteChannel(dst []byte, home *guild, c *channel) (string, []byte) {
	dst = c.append(dst, home, true)
	home.channels = remove(home.channels, c)
	list := home.listOf(c.kind)
	*list = remove(*list, c)
	home.threads = slices.DeleteFunc(home.threads, func(t *thread) bool {
		if t.parent == c {
			g.forgetChannel(t.id)
		}
		return t.parent == c
	})
	home.invites = slices.DeleteFunc(home.invites, func(v *invite) bool { return v.channel == c })
	g.forgetChannel(c.id)
	return "CHANNEL_DELETE", dst
}

// pinsUpdate makes Discord's "Channel Pins Update".
func (g *Generator) pinsUpdate(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	c := recur(&g.r, home.text)
	c.pinned = g.now
	dst = add(dst, `{"last_pin_timestamp":`)
	return "CHANNEL_PINS_UPDATE", add(appendTime(dst, g.now), `,"guild_id":"`, home.id, `","channel_id":"`, c.id, `"}`)
}

// roleChange makes Discord's "Guild Role Create", "Update" and "Delete"; likewise.
func (g *Generator) roleChange(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	name := "GUILD_ROLE_UPDATE"
	var o *role
	switch change := g.r.below(3); {
	case change == 0 && len(home.roles) < maxRoles:
		name = "GUILD_ROLE_CREATE"
		o = &role{id: g.id(), look: g.r.pcg.Uint64(), visitor: true}
		home.roles = append(home.roles, o)
	case change == 1 && home.roles[len(home.roles)-1].visitor:
		o = home.roles[len(home.roles)-1]
		home.roles = home.roles[:len(home.roles)-1]
		for _, p := range home.people {
			if slices.Contains(p.has, o) {
				p.setRoles(remove(slices.Clone(p.has), o))
			}
		}
		return "GUILD_ROLE_DELETE", add(dst, `{"role_id":"`, o.id, `","guild_id":"`, home.id, `"}`)
	default:
		o = pick(&g.r, home.roles)
		o.look = g.r.pcg.Uint64()
	}
	dst = o.append(append(dst, `{"role":`...), slices.Index(home.roles, o)+1)
	return name, add(dst, `,"guild_id":"`, home.id, `"}`)
}

// guildUpdate makes Discord's "Guild Update".
func (g *Generator) guildUpdate(dst []byte) (string, []byte) {
	home := g.small()
	if home == nil {
		return g.guildJoin(dst)
	}
	home.facade = g.r.pcg.Uint64()
	return "GUILD_UPDATE", append(home.appendProperties(append(dst, '{')), '}')
}

// smallGuild is the largest size of a guild that steady traffic tells of as a whole, in bytes.
const smallGuild = 16_384

// small draws a guild that is small; nil if there is none at hand.
func (g *Generator) small() *guild {
	for range 16 {
		if home := g.world.guild(&g.r); home.size <= smallGuild {
			return home
		}
	}
	for _, home := range g.world.guilds {
		if home.visitor {
			return home
		}
	}
	return nil
}

// guildOutage makes Discord's "Guild Delete" of a guild that is unavailable, which its "Guild Create"
// follows.
func (g *Generator) guildOutage(dst []byte) (string, []byte) {
	home := g.small()
	if home == nil {
		return g.guildJoin(dst)
	}
	g.out = home
	g.follow = func(dst []byte) (string, []byte) {
		g.out = nil
		return "GUILD_CREATE", g.maker.appendGuild(dst, home)
	}
	return "GUILD_DELETE", add(dst, `{"unavailable":true,"id":"`, home.id, `"}`)
}

// maxVisitors is how many guilds the bot joins in steady traffic, until it leaves one.
const maxVisitors = 4

// guildJoin makes Discord's "Guild Create" of a guild that the bot has joined, or the "Guild Delete"
// of one that it has left.
func (g *Generator) guildJoin(dst []byte) (string, []byte) {
	if g.visitors >= maxVisitors {
		return g.guildLeave(dst)
	}
	g.visitors++
	home := g.maker.newGuild(g.newGuildID(), 8000)
	home.visitor, home.joined = true, g.now
	dst = g.maker.appendGuild(dst, home)
	g.world.add(g.maker, home, minPeople)
	return "GUILD_CREATE", dst
}

func (g *Generator) guildLeave(dst []byte) (string, []byte) {
	i := slices.IndexFunc(g.world.guilds, func(home *guild) bool { return home.visitor })
	home := g.world.guilds[i]
	g.world.guilds = slices.Delete(g.world.guilds, i, i+1)
	g.visitors--
	for _, p := range home.people {
		g.world.removePerson(p)
	}
	for _, c := range home.channels {
		g.forgetChannel(c.id)
	}
	for _, t := range home.threads {
		g.forgetChannel(t.id)
	}
	return "GUILD_DELETE", add(dst, `{"id":"`, home.id, `"}`)
}

// newGuildID makes the id of a guild of the shard that none has yet: three years before the epoch, plus
// an hour for each that was made before.
func (g *Generator) newGuildID() uint64 {
	g.joins++
	total := uint64(max(g.shards, 1))
	made := uint64(epoch-3*year-discordEpoch) + g.joins*3_600_000/total*total
	made += total - made%total + uint64(g.shard)
	return made<<22 | uint64(g.r.below(1<<22))
}
