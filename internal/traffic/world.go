package traffic

import (
	"strconv"
	"strings"
)

// How many of each the world of steady traffic holds.
const (
	guildCount  = 500
	peopleCount = 4000
	songCount   = 500

	botStep = 16 // one in so many people is a bot
)

// A world is who and what recurs in steady traffic. It is made once and then only
// read.
type world struct {
	guilds []guild
	people []person
	songs  []song
}

// A guild is what events refer to. Ids are strings, as in the payloads.
type guild struct {
	id       string
	category string
	channels []string // text channels
	voice    []string // voice channels
	roles    []string
	people   []*person
}

// A song is what an activity of Spotify shows.
type song struct{ track, image, artist, title, album string }

// year is a year in milliseconds.
const year = 365 * 24 * 3600 * 1000

// person draws one of the people. Some are heard of all the time, but a bot of
// many guilds hears mostly of people whom it has long not heard of.
func (w *world) person(r *source) *person {
	if r.chance(85) {
		return &w.people[r.below(peopleCount)]
	}
	return &w.people[r.recurring(peopleCount)]
}

// author draws who writes a message, quite often a bot.
func (w *world) author(r *source) *person {
	if r.chance(45) {
		return &w.people[botStep*r.below(peopleCount/botStep)]
	}
	return w.person(r)
}

// guild draws one of the guilds, half of the time one that is busier than others.
func (w *world) guild(r *source) *guild {
	if r.chance(50) {
		return &w.guilds[r.below(guildCount)]
	}
	return &w.guilds[r.recurring(guildCount)]
}

func newWorld(r *source) *world {
	w := &world{
		guilds: make([]guild, guildCount),
		people: make([]person, peopleCount),
		songs:  make([]song, songCount),
	}
	for i := range w.guilds {
		id := r.snowflake(epoch - int64(r.below(9*year/1000))*1000)
		w.guilds[i] = newGuild(r, id, r.between(3, 12), r.between(1, 6), r.between(4, 24))
	}
	for i := range w.people {
		p := &w.people[i]
		*p = newPerson(r, w.guild(r), i%botStep == 0)
		p.guild.people = append(p.guild.people, p)
	}
	for i := range w.songs {
		w.songs[i] = newSong(r)
	}
	return w
}

// newGuild makes the guild with that id and so many channels and roles, all younger
// than itself.
func newGuild(r *source, id uint64, channels, voice, roles int) guild {
	made := int64(id>>22) + discordEpoch
	ids := func(n int) []string {
		list := make([]string, n)
		for i := range list {
			at := made + int64(r.below(int(max(epoch-made, 1)/1000)))*1000
			list[i] = strconv.FormatUint(r.snowflake(at), 10)
		}
		return list
	}
	return guild{
		id:       strconv.FormatUint(id, 10),
		channels: ids(channels),
		voice:    ids(voice),
		roles:    ids(roles),
		category: ids(1)[0],
	}
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
