package gatewaytest

import (
	"slices"
	"strconv"
	"sync"

	"github.com/sluice-go/sluice/internal/traffic"
)

// A world is what a session's client knows of its guilds: as they were announced, and changed by the
// traffic that the session gave out. It is made when the client asks for the first time, by generating the
// same traffic again up to there.
type world struct {
	mu     sync.Mutex
	source *traffic.Generator // nil until then, and for good if the traffic changes no guild of the shard
	events int64              // that source made
}

// answer gives the session events of its own, which build makes of what the client knows when it
// gets them. build is called with the session and its world locked, and may use s.guild.
func (s *session) answer(build func() []event) {
	defer s.lookAround()() // catches up for the most part while the sender goes on
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catchUp(s.shared) // nothing more is given out before what is pending
	s.pending = append(s.pending, build()...)
	if s.conn != nil {
		s.conn.notify()
	}
}

// catchUp brings the world to where so many events of traffic were given out. The caller holds
// s.world.mu.
func (s *session) catchUp(events int64) {
	w := &s.world
	if w.source == nil {
		if s.feed.begin == nil || s.probe {
			return
		}
		w.source = s.feed.begin()
	}
	for ; w.events < events; w.events++ {
		w.source.Next()
	}
}

// guild returns a guild of the shard, and reports whether there is one with that id. The caller holds
// s.world.mu.
func (s *session) guild(id uint64) (traffic.Guild, bool) {
	if s.world.source != nil {
		if guild, ok := s.world.source.Guild(id); ok || s.world.source.About(id) {
			return guild, ok
		}
	}
	if slices.Contains(s.guilds, id) {
		return s.srv.maker().Guild(id, s.srv.cfg.guildSize), true
	}
	return traffic.Guild{}, false
}

// channel finds a channel or thread that the client can write in, and its type.
func (s *session) channel(id string) (guild traffic.Guild, kind int, ok bool) {
	defer s.lookAround()()
	number, err := strconv.ParseUint(id, 10, 64)
	if err != nil {
		return traffic.Guild{}, 0, false
	}
	if s.world.source != nil {
		for guild := range s.world.source.Guilds() {
			for other, kind := range guild.Channels() {
				if other == id {
					return guild, kind, true
				}
			}
		}
	}
	for _, guildID := range s.still() {
		for _, c := range s.srv.announced(guildID) {
			if c.id == number {
				return s.srv.maker().Guild(guildID, s.srv.cfg.guildSize), int(c.kind), true
			}
		}
	}
	return traffic.Guild{}, 0, false
}

// maxSearched bounds in how many guilds that traffic does not change a user is looked for.
const maxSearched = 1000

// user finds somebody who is a member of a guild of the shard, and returns the user object.
func (s *session) user(id uint64) (object string, ok bool) {
	defer s.lookAround()()
	if s.world.source != nil {
		for guild := range s.world.source.Guilds() {
			if member, ok := guild.Member(id); ok {
				return member.User(), true
			}
		}
	}
	still := s.still()
	for _, guildID := range still[:min(len(still), maxSearched)] {
		if member, ok := s.srv.maker().Guild(guildID, s.srv.cfg.guildSize).Member(id); ok {
			return member.User(), true
		}
	}
	return "", false
}

// lookAround locks the world as the client knows it now, and returns what unlocks it.
func (s *session) lookAround() (unlock func()) {
	s.world.mu.Lock()
	s.mu.Lock()
	shared := s.shared
	s.mu.Unlock()
	s.catchUp(shared)
	return s.world.mu.Unlock
}

// still returns the shard's guilds that traffic does not change. The caller holds s.world.mu.
func (s *session) still() []uint64 {
	if s.world.source == nil {
		return s.guilds
	}
	return slices.DeleteFunc(slices.Clone(s.guilds), s.world.source.About)
}

// An announcedChannel is a channel of a guild as it is announced.
type announcedChannel struct {
	id   uint64
	kind uint8
}

// announced returns the channels of a guild that GUILD_CREATE tells of, as far as messages can be written
// in them. Each guild's are looked up once.
func (s *Server) announced(guild uint64) (channels []announcedChannel) {
	if known, ok := s.channelCache.Load(guild); ok {
		return known.([]announcedChannel)
	}
	for id, kind := range s.maker().Guild(guild, s.cfg.guildSize).Channels() {
		number, err := strconv.ParseUint(id, 10, 64)
		if err != nil {
			panic(err) // traffic wrote it
		}
		channels = append(channels, announcedChannel{number, uint8(kind)})
	}
	s.channelCache.Store(guild, channels)
	return channels
}
