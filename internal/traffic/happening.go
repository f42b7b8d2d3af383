package traffic

import (
	"slices"
	"strconv"
)

// A happening is a scheduled event of a guild.
type happening struct {
	id      string
	creator string
	channel *channel // of type 2; nil: somewhere else
	start   int64    // Unix milliseconds
	look    look
	users   []*person // those that came in steady traffic
	others  int
}

func newHappening(r *source, g *guild, id string) *happening {
	e := &happening{id: id, creator: g.ownerID, look: r.pcg.Uint64(), others: r.below(40), start: epoch + int64(r.between(1, 20*86_400))*1000}
	if r.chance(70) {
		e.channel = pick(r, g.voice)
	}
	return e
}

// append appends the event (Discord: "Guild Scheduled Event Object").
func (e *happening) append(dst []byte, g *guild) []byte {
	r := newSource(e.look, 12)
	dst = strconv.AppendInt(append(dst, `{"user_count":`...), int64(e.others+len(e.users)), 10)
	dst = append(dst, `,"status":1,"sku_ids":[],"scheduled_start_time":`...)
	dst = append(appendTime(dst, e.start), `,"scheduled_end_time":`...)
	if e.channel == nil { // one that is somewhere else must end
		dst = appendTime(dst, e.start+7_200_000)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"recurrence_rule":null,"privacy_level":2,"name":"`...)
	dst = appendText(dst, &r, r.between(2, 6))
	dst = add(dst, `","image":null,"id":"`, e.id, `","guild_scheduled_event_exceptions":[],"guild_id":"`, g.id, `","entity_type":`)
	if e.channel == nil {
		dst = add(dst, `3,"entity_metadata":{"location":"`, pick(&r, guildNames), `"}`)
	} else {
		dst = append(dst, `2,"entity_metadata":null`...)
	}
	dst = append(dst, `,"entity_id":null,"description":"`...)
	dst = appendText(dst, &r, r.between(3, 20))
	dst = add(dst, `","creator_id":"`, e.creator, `","channel_id":`)
	if e.channel == nil {
		return append(dst, "null}"...)
	}
	return add(dst, `"`, e.channel.id, `"}`)
}

// happeningChange makes Discord's "Guild Scheduled Event Create", "Update" and "Delete".
func (g *Generator) happeningChange(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	n := len(home.events)
	switch change := g.r.below(3); {
	case n == 0 || change == 0 && n < 20:
		e := newHappening(&g.r, home, g.id())
		e.others = 0
		home.events = append(home.events, e)
		return "GUILD_SCHEDULED_EVENT_CREATE", e.append(dst, home)
	case change == 1:
		e := pick(&g.r, home.events)
		e.look = g.r.pcg.Uint64()
		return "GUILD_SCHEDULED_EVENT_UPDATE", e.append(dst, home)
	}
	e := pick(&g.r, home.events)
	home.events = remove(home.events, e)
	return "GUILD_SCHEDULED_EVENT_DELETE", e.append(dst, home)
}

// happeningUser makes Discord's "Guild Scheduled Event User Add" and "Remove".
func (g *Generator) happeningUser(dst []byte) (string, []byte) {
	p := g.world.person(&g.r)
	home := p.guild
	if len(home.events) == 0 {
		return g.happeningChange(dst)
	}
	e := pick(&g.r, home.events)
	name := "GUILD_SCHEDULED_EVENT_USER_ADD"
	if len(e.users) > 0 && g.r.chance(50) {
		p, name = pick(&g.r, e.users), "GUILD_SCHEDULED_EVENT_USER_REMOVE"
		e.users = remove(e.users, p)
	} else if slices.Contains(e.users, p) {
		return g.happeningChange(dst)
	} else {
		e.users = append(e.users, p)
	}
	return name, add(dst, `{"user_id":"`, p.id, `","guild_scheduled_event_id":"`, e.id, `","guild_id":"`, home.id, `"}`)
}

// A stage is what is live in a stage channel.
type stage struct {
	id      string
	channel *channel
	look    look
}

// append appends the stage (Discord: "Stage Instance Object").
func (s *stage) append(dst []byte, g *guild) []byte {
	r := newSource(s.look, 13)
	dst = appendText(append(dst, `{"topic":"`...), &r, r.between(2, 6))
	return add(dst, `","privacy_level":2,"invite_code":null,"id":"`, s.id, `","guild_scheduled_event_id":null,"guild_id":"`, g.id,
		`","discoverable_disabled":true,"channel_id":"`, s.channel.id, `"}`)
}

// stageChange makes Discord's "Stage Instance Create", "Update" and "Delete".
func (g *Generator) stageChange(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	if len(home.stage) == 0 {
		s := &stage{g.id(), home.stages[0], g.r.pcg.Uint64()}
		home.stage = append(home.stage, s)
		return "STAGE_INSTANCE_CREATE", s.append(dst, home)
	}
	s := home.stage[0]
	if g.r.chance(50) {
		s.look = g.r.pcg.Uint64()
		return "STAGE_INSTANCE_UPDATE", s.append(dst, home)
	}
	home.stage = home.stage[1:]
	return "STAGE_INSTANCE_DELETE", s.append(dst, home)
}
