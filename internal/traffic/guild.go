package traffic

import (
	"slices"
	"strconv"
)

// DefaultGuildSize is the average size of a guild in bytes of JSON.
const DefaultGuildSize = 134_000

// guildSizes has [DefaultGuildSize] for its mean: most guilds are small, some huge.
var guildSizes = []int{30_000, 45_000, 60_000, 80_000, 100_000, 120_000, 140_000, 175_000, 240_000, 350_000}

// What Discord lets a guild have at most. What is left of a large guild's size is members.
const (
	maxChannels = 500
	maxRoles    = 250
	maxEmojis   = 500
	maxStickers = 60
	maxThreads  = 1000
)

// maxHidden bounds how many members a guild has that GUILD_CREATE does not list, if nobody says how
// many there are.
const maxHidden = 100_000

// look is what an object shows besides its fields here: a seed, from which it is drawn anew each
// time that the object is written, and which an update replaces.
type look = uint64

// A guild is what the bot was told of it, and what has happened since. Ids are strings, as in the
// payloads.
type guild struct {
	id      string
	number  uint64 // the id
	size    int    // of its GUILD_CREATE
	look    look
	facade  look  // of what GUILD_UPDATE changes
	made    int64 // Unix milliseconds
	joined  int64 // when the bot came
	ownerID string
	visitor bool // joined by the bot in steady traffic, so that it can leave

	channels []*channel // all but threads, by position
	text     []*channel // of channels, those of types 0 and 5
	voice    []*channel // of type 2
	stages   []*channel // of type 13
	forums   []*channel // of types 15 and 16
	parents  []*channel // categories
	threads  []*thread  // that are not archived

	roles    []*role // without @everyone
	founding []*role // those that members got at first

	// Members have numbers. GUILD_CREATE lists those below seats, the bot as the last of them.
	seats  int
	met    int       // of the others, the first ones, which steady traffic may be about
	active []*person // of the seats, the first ones, likewise
	people []*person // active and met, less those that have left, and those that have come since
	gone   []*person
	banned []*person
	bot    *person

	emojis   []*emoji
	stickers []*sticker
	sounds   []*sound
	events   []*happening
	stage    []*stage
	invites  []*invite
	rules    []*rule
	apps     []*integration
}

// newGuild makes the guild with that id as it is announced, without its members. What it is follows
// from the arguments alone.
func (m *Maker) newGuild(id uint64, size int) *guild {
	r := newSource(m.seed, id)
	if size <= 0 {
		size = pick(&r, guildSizes)
	}
	g := &guild{
		id: strconv.FormatUint(id, 10), number: id, size: size, look: r.pcg.Uint64(), facade: r.pcg.Uint64(),
		made: int64(id>>22) + discordEpoch,
	}
	g.joined = g.later(&r)
	g.newChannels(&r, min(5+size/4700, maxChannels))
	for _, id := range g.newIDs(&r, min(2+size/4300, maxRoles), fewTogether) {
		g.roles = append(g.roles, &role{id: id, look: r.pcg.Uint64()})
	}
	g.founding = slices.Clone(g.roles)
	for _, id := range g.newIDs(&r, min(1+size/1900, maxEmojis), mostTogether) {
		g.emojis = append(g.emojis, &emoji{id: id, look: r.pcg.Uint64()})
	}
	for _, id := range g.newIDs(&r, min(1+size/40_000, maxStickers), mostTogether) {
		g.stickers = append(g.stickers, &sticker{id: id, look: r.pcg.Uint64()})
	}
	for _, id := range g.newIDs(&r, min(1+size/40_000, 48), mostTogether) {
		g.sounds = append(g.sounds, &sound{id: id, look: r.pcg.Uint64()})
	}
	g.seats = m.seatsOf(g)
	g.ownerID = g.seatID(m, 0)
	for range min(1+size/25_000, maxThreads) {
		made := max(epoch-int64(r.below(20*86_400_000)), g.made)
		g.newThread(&r, r.snowflake(made), g.seatID(m, r.below(g.seats-1)), made)
	}
	for range min(1+size/100_000, 20) {
		g.events = append(g.events, newHappening(&r, g, g.newID(&r)))
	}
	if r.chance(30) {
		g.stage = append(g.stage, &stage{id: g.newID(&r), channel: g.stages[0], look: r.pcg.Uint64()})
	}
	return g
}

// later draws a time between the guild's making and the epoch, in Unix milliseconds.
func (g *guild) later(r *source) int64 {
	return g.made + int64(r.below(int(max(epoch-g.made, 1)/1000)))*1000 + int64(r.below(1000))
}

// newIDs draws the ids of n things of the guild, in the order in which Discord lists them: the oldest first.
// So many of a hundred were made within minutes of another one, as when a template is used or emojis are
// uploaded.
func (g *guild) newIDs(r *source, n, together int) []string {
	made := make([]int64, n)
	for i := range made {
		if made[i] = g.later(r); i > 0 && r.chance(together) {
			made[i] = min(made[i-1]+int64(r.below(1<<r.between(8, 21))), epoch)
		}
	}
	slices.Sort(made)
	ids := make([]string, n)
	last := uint64(0)
	for i, ms := range made {
		last = max(r.snowflake(ms), last+1)
		ids[i] = strconv.FormatUint(last, 10)
	}
	return ids
}

// What was made together of a guild's channels and roles, and of its emojis and the like, in percent: about
// as much as in guilds that clients had recorded.
const (
	fewTogether  = 30
	mostTogether = 60
)

// newID draws the id of an object of the guild, younger than itself.
func (g *guild) newID(r *source) string {
	return strconv.FormatUint(r.snowflake(g.later(r)), 10)
}

// seatsOf returns how many members fit into the guild's size, the bot with them: two at least.
func (m *Maker) seatsOf(g *guild) int {
	rest := g.size - 450*len(g.channels) - 340*len(g.roles) - 150*len(g.emojis) - 600*(1+g.size/25_000) - 3500
	return 2 + max(rest, 0)/1130
}

// seat makes the i-th member of the guild as it is announced, listed or not.
func (m *Maker) seat(g *guild, i int) *person {
	p := new(person)
	m.fill(p, g, i)
	return p
}

func (m *Maker) fill(p *person, g *guild, i int) {
	r := g.seatSource(m, i)
	p.make(&r, g, i == g.seats-1 || g.isBot(i))
	if i >= g.seats {
		return // nobody who is online
	}
	if r.chance(75) {
		p.status, p.mood, p.seen = pick(&r, statuses[:3]), r.pcg.Uint64(), epoch
	}
	if i == g.seats-1 {
		p.become(m)
	} else if i%16 == 3 {
		p.voice = g.voice[i/16%len(g.voice)]
	}
}

// isBot says which members are bots, never the owner.
func (g *guild) isBot(i int) bool { return i > 0 && (uint64(i)+g.number>>22)%botStep == 5 }

func (g *guild) seatSource(m *Maker, i int) source {
	return newSource(m.seed^uint64(i+1)*0x9e3779b97f4a7c15, g.number)
}

// seatID is the id of that member.
func (g *guild) seatID(m *Maker, i int) string {
	r := g.seatSource(m, i)
	return strconv.FormatUint(personID(&r), 10)
}

// populate makes the members that steady traffic may be about: n, if there are so many, of those that
// are listed, and others up to n.
func (g *guild) populate(m *Maker, n int) {
	g.bot = m.seat(g, g.seats-1)
	for i := range min(g.seats-1, n) {
		g.active = append(g.active, m.seat(g, i))
	}
	g.people = slices.Clone(g.active)
	for len(g.people) < n && g.met < g.count(m)-g.seats {
		g.people = append(g.people, m.seat(g, g.seats+g.met))
		g.met++
	}
}

// count is the member_count of the guild as it is announced.
func (g *guild) count(m *Maker) int {
	if m.members > 0 {
		return max(m.members, g.seats)
	}
	r := newSource(g.look, 2)
	return g.seats + maxPeople + r.below(min(20*g.seats, maxHidden))
}

// present is its member_count now.
func (g *guild) present(m *Maker) int { return g.count(m) - len(g.active) - g.met + len(g.people) }

// remove takes the first x that the list has out of it.
func remove[E comparable](list []E, x E) []E {
	if i := slices.Index(list, x); i >= 0 {
		return slices.Delete(list, i, i+1)
	}
	return list
}
