package traffic

import (
	"iter"
	"slices"
	"strconv"
	"strings"
)

// A Guild is a guild as a shard was told of it, for the answers to what its client asks. One that a
// [Generator] gave is good until the generator's next event.
type Guild struct {
	m *Maker
	g *guild
}

// Guild returns the guild that GuildCreate tells of with the same id and size.
func (m *Maker) Guild(id uint64, size int) Guild { return Guild{m, m.newGuild(id, size)} }

// Guild returns a guild that steady traffic is about, as it is after the events that were made. It
// reports false for any other, and for one that is unavailable.
func (g *Generator) Guild(id uint64) (Guild, bool) {
	for _, home := range g.world.guilds {
		if home.number == id && home != g.out {
			return Guild{g.maker, home}, true
		}
	}
	return Guild{}, false
}

// About reports whether steady traffic is about a guild, available or not.
func (g *Generator) About(id uint64) bool {
	return slices.ContainsFunc(g.world.guilds, func(home *guild) bool { return home.number == id })
}

// Guilds returns the guilds that steady traffic is about, likewise.
func (g *Generator) Guilds() iter.Seq[Guild] {
	return func(yield func(Guild) bool) {
		for _, home := range g.world.guilds {
			if home != g.out && !yield(Guild{g.maker, home}) {
				return
			}
		}
	}
}

// ID returns the guild's id.
func (g Guild) ID() uint64 { return g.g.number }

// Count returns the guild's member_count.
func (g Guild) Count() int { return g.g.present(g.m) }

// Members returns all members of the guild, Count of them. Their order, and what is said of each, is the
// same each time until an event changes it.
func (g Guild) Members() iter.Seq[Member] {
	return func(yield func(Member) bool) {
		if !yield(g.Bot()) {
			return
		}
		for _, p := range g.g.people {
			if !yield(Member{g.m, p}) {
				return
			}
		}
		for i := range g.still() {
			if !yield(Member{g.m, g.m.seat(g.g, i)}) {
				return
			}
		}
	}
}

// still returns the numbers of the members that steady traffic is never about, without the bot's.
func (g Guild) still() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := len(g.g.active); i < g.g.seats-1; i++ {
			if !yield(i) {
				return
			}
		}
		for i := g.g.seats + g.g.met; i < g.g.count(g.m); i++ {
			if !yield(i) {
				return
			}
		}
	}
}

// Member returns the member with that id, and reports whether there is one.
func (g Guild) Member(id uint64) (Member, bool) {
	if id == g.m.bot {
		return g.Bot(), true
	}
	name := strconv.FormatUint(id, 10)
	for _, p := range g.g.people {
		if p.id == name {
			return Member{g.m, p}, true
		}
	}
	for i := range g.still() {
		if r := g.g.seatSource(g.m, i); personID(&r) == id {
			return Member{g.m, g.m.seat(g.g, i)}, true
		}
	}
	return Member{}, false
}

// Bot returns the bot, which is a member of every guild.
func (g Guild) Bot() Member { return Member{g.m, g.m.botOf(g.g)} }

// Channels returns the ids of the channels and threads that messages can be written in, with their
// types.
func (g Guild) Channels() iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		for _, c := range g.g.channels {
			if c.kind != channelCategory && c.kind != channelForum && c.kind != channelMedia && !yield(c.id, c.kind) {
				return
			}
		}
		for _, t := range g.g.threads {
			if !yield(t.id, t.kind) {
				return
			}
		}
	}
}

// AppendSounds appends the data of a SOUNDBOARD_SOUNDS.
func (g Guild) AppendSounds(dst []byte) []byte { return g.g.appendSounds(dst) }

// AppendChannelInfo appends the data of a CHANNEL_INFO that has the field "status", or
// "voice_start_time", or both.
func (g Guild) AppendChannelInfo(dst []byte, status, started bool) []byte {
	return g.g.appendInfo(dst, status, started)
}

// A Member is a member of a [Guild], and good for as long as that.
type Member struct {
	m *Maker
	p *person
}

// ID returns the user's id, in decimal.
func (m Member) ID() string { return m.p.id }

// Username returns the user's name.
func (m Member) Username() string {
	name, _, _ := strings.Cut(strings.TrimPrefix(m.p.user, `{"username":"`), `"`)
	return name
}

// User returns the user object, as JSON.
func (m Member) User() string { return m.p.user }

// Object returns the guild member object with the user inside, as JSON.
func (m Member) Object() string { return m.p.member }

// Partial returns the guild member object without the user, as JSON, for messages.
func (m Member) Partial() string { return "{" + m.p.fields + "}" }

// AppendPresence appends the presence that was told of the member last. It reports false, and appends
// nothing, if the member is offline.
func (m Member) AppendPresence(dst []byte) ([]byte, bool) {
	if !m.p.online() {
		return dst, false
	}
	return m.m.appendPresence(dst, m.p), true
}
