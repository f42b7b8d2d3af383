package traffic

import (
	"slices"
	"strings"
)

// How many of each the world of steady traffic holds.
const (
	maxActive = 500  // guilds that it is about
	allPeople = 4000 // people, over all guilds
	minPeople = 8    // people of each guild
	maxPeople = 200
	songCount = 500

	botStep = 16 // one in so many people is a bot
)

// A world is whom and what steady traffic is about: guilds of one shard, and some of their members.
// It changes as the events tell.
type world struct {
	guilds []*guild
	people []*person // of all guilds
	bots   []*person // of people; those that have left stay
}

// A song is what an activity of Spotify shows.
type song struct{ track, image, artist, title, album string }

// year is a year in milliseconds.
const year = 365 * 24 * 3600 * 1000

// newWorld makes the world of the guilds with those ids, of which there is one at least.
func newWorld(m *Maker, ids []uint64, size int) *world {
	w := new(world)
	ids = ids[:min(len(ids), maxActive)]
	each := min(max(allPeople/len(ids), minPeople), maxPeople)
	for _, id := range ids {
		w.add(m, m.newGuild(id, size), each)
	}
	return w
}

// add makes g, which is as announced, one of the guilds, with so many people.
func (w *world) add(m *Maker, g *guild, people int) {
	g.populate(m, people)
	w.guilds = append(w.guilds, g)
	for _, p := range g.people {
		w.addPerson(p)
	}
}

// addPerson makes p one of the people.
func (w *world) addPerson(p *person) {
	p.gone, p.place = false, len(w.people)
	w.people = append(w.people, p)
	if p.bot && !slices.Contains(w.bots, p) {
		w.bots = append(w.bots, p)
	}
}

// removePerson takes p out, and gives its place to the last of the people.
func (w *world) removePerson(p *person) {
	last := len(w.people) - 1
	p.gone = true
	w.people[last].place = p.place
	w.people[p.place] = w.people[last]
	w.people = w.people[:last]
}

// person draws one of the people. Some are heard of all the time, but a bot of
// many guilds hears mostly of people whom it has long not heard of.
func (w *world) person(r *source) *person {
	if r.chance(85) {
		return w.people[r.below(len(w.people))]
	}
	return w.people[r.recurring(len(w.people))]
}

// author draws who writes a message, quite often a bot.
func (w *world) author(r *source) *person {
	if r.chance(45) && len(w.bots) > 0 {
		if p := w.bots[r.below(len(w.bots))]; !p.gone {
			return p
		}
	}
	return w.person(r)
}

// guild draws one of the guilds, half of the time one that is busier than others.
func (w *world) guild(r *source) *guild {
	if r.chance(50) {
		return w.guilds[r.below(len(w.guilds))]
	}
	return w.guilds[r.recurring(len(w.guilds))]
}

func newSong(r *source) song {
	title := func() string {
		s := pick(r, words)
		for range r.below(3) {
			s += " " + pick(r, words)
		}
		return strings.ToUpper(s[:1]) + s[1:]
	}
	s := song{
		track:  string(r.appendBase62(nil, 22)),
		image:  "spotify:ab67616d0000b273" + string(r.appendHex(nil, 24)),
		artist: recur(r, artists),
		title:  title(),
	}
	s.album = s.title
	if r.chance(60) {
		s.album = title()
	}
	return s
}
