package bridge

import (
	"strconv"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// fill collects events for c, which snd writes: what the session began with, then what it takes of the log. Where
// there is nothing more, the session is idle from then on, and is woken by what comes. The caller holds mu.
func (s *session) fill(c *conn, snd *sender) {
	for s.conn.Load() == c && !s.ended.Load() && len(snd.out) < batchBytes {
		switch {
		case s.opening != nil && s.seq < s.opening.last():
			s.open(snd)
		case s.resuming && s.cursor.Next >= s.resumeAt:
			s.resuming = false
			snd.dispatch(eventNames[gateway.EventResumed], max(s.seq, s.skip), resumedData)
		case !s.readLog(c, snd):
			return
		}
	}
}

// resumedData is the data of RESUMED.
var resumedData = []byte(`{"_trace":["[\"gateway-sluice\",{\"micros\":0.0}]"]}`)

// open encodes the next event of what the session began with.
func (s *session) open(snd *sender) {
	o := s.opening
	if s.seq == 0 {
		s.seq = 1
		snd.dispatch(eventNames[gateway.EventReady], 1, o.ready)
		return
	}
	guild := &o.guilds[s.seq-1]
	if s.seq++; s.seq == o.last() && !s.resuming {
		s.shard.mu.Lock()
		s.resumeAt = s.shard.log.Last() + 1
		s.shard.mu.Unlock()
	}
	create, err := guild.AppendCreate(nil)
	if err != nil {
		s.shard.bridge.logger.Error("a guild cannot be told to a bot, which takes it for unavailable", "shard", s.shard.id, "guild", guild.ID, "cause", err)
		deleted := append(strconv.AppendUint([]byte(`{"id":"`), guild.ID, 10), `","unavailable":true}`...)
		snd.dispatch(eventNames[gateway.EventGuildDelete], s.seq, deleted)
		return
	}
	snd.dispatch(eventNames[gateway.EventGuildCreate], s.seq, create)
}

// readLog encodes what there is of the log, up to a batch, or to where RESUMED is due. It reports false where there
// is nothing more.
func (s *session) readLog(c *conn, snd *sender) bool {
	sh := s.shard
	sh.mu.Lock()
	span, ok := sh.log.Take(&s.cursor)
	first, kept := sh.log.First(), sh.kept
	if idle := ok && span.Empty(); idle {
		s.idle.Store(true)
		s.read.Store(sh.log.Total())
		c.replaying.Store(false)
		sh.mu.Unlock()
		return false
	}
	sh.mu.Unlock()
	defer span.Done()
	if !ok {
		s.shard.bridge.logger.Warn("a bot fell so far behind that events are gone: it is told, and begins anew", "bot", s.client.name, "shard", sh.id)
		s.lose()
		return false
	}
	var e eventlog.Event
	for len(snd.out) < batchBytes && !(s.resuming && s.cursor.Next >= s.resumeAt) {
		before := s.cursor
		if !span.Next(&s.cursor, &e) {
			break
		}
		if !s.takes(&e) {
			continue
		}
		if sh.keeper != nil && before.Next > kept && (e.Private || s.client.shares) {
			s.cursor = before
			return s.gate()
		}
		if s.seq++; s.seq > s.skip {
			snd.event(&e, s.seq)
		}
	}
	s.read.Store(s.cursor.Bytes())
	s.note(first)
	if s.cursor.Next >= s.resumeAt {
		c.replaying.Store(false)
	}
	return true
}

// gate has the session wait until the next event is in the journal. Which of several bots gets an event is decided
// once: after a kill, it could go to another one as well. It reports false where there is to wait.
func (s *session) gate() bool {
	sh := s.shard
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if s.cursor.Next <= sh.kept {
		return true
	}
	s.gated.Store(true)
	s.idle.Store(true)
	sh.bridge.poke()
	return false
}

// inGuild reports whether the data of an event names a guild.
func inGuild(data []byte) bool {
	guild := lazyjson.ValueOf(data).Get("guild_id")
	return guild.Exists() && !guild.IsNull()
}

// twins are intents of which one is for guilds and one for direct messages, and that bring the same events.
var twins = [...]struct{ guilds, direct gateway.Intents }{
	{gateway.IntentGuilds, gateway.IntentDirectMessages}, // CHANNEL_PINS_UPDATE
	{gateway.IntentGuildMessages, gateway.IntentDirectMessages},
	{gateway.IntentGuildMessageReactions, gateway.IntentDirectMessageReactions},
	{gateway.IntentGuildMessageTyping, gateway.IntentDirectMessageTyping},
	{gateway.IntentGuildMessagePolls, gateway.IntentDirectMessagePolls},
}

// choose sets what the session takes, of what comes with the shard's intents: the events of its own, and of these
// no more than asked names.
func (s *session) choose(own, shards gateway.Intents, asked gateway.EventSet) {
	s.intents = own
	s.events = own.Events().Union(gateway.EventsWithoutIntent()).Intersect(asked)
	for _, twin := range twins {
		both := twin.guilds.Events().Intersect(twin.direct.Events())
		switch {
		case own&twin.guilds != 0 && own&twin.direct == 0 && shards&twin.direct != 0:
			s.guilded = s.guilded.Union(both)
		case own&twin.guilds == 0 && own&twin.direct != 0 && shards&twin.guilds != 0:
			s.direct = s.direct.Union(both)
		}
	}
}
