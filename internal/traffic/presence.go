package traffic

import "strconv"

// presenceUpdate makes Discord's "Presence Update".
func (g *Generator) presenceUpdate(dst []byte) (string, []byte) {
	p := g.world.person(&g.r)
	p.status, p.mood, p.seen = pick(&g.r, statuses), g.r.pcg.Uint64(), g.now
	dst = add(dst, `{"user":{"id":"`, p.id, `"},"status":"`, p.status, `","processed_at_timestamp":`)
	dst = strconv.AppendInt(dst, g.now, 10)
	dst = add(dst, `,"guild_id":"`, p.guild.id, `",`)
	dst = g.maker.appendDevices(dst, p)
	return "PRESENCE_UPDATE", append(dst, '}')
}

// online reports whether p has a presence in lists of them.
func (p *person) online() bool { return p.status != "" && p.status != offline }

// appendPresence appends p's presence as lists of them have it.
func (m *Maker) appendPresence(dst []byte, p *person) []byte {
	dst = add(dst, `{"user":{"id":"`, p.id, `"},"status":"`, p.status, `",`)
	return append(m.appendDevices(dst, p), '}')
}

// appendDevices appends the fields "client_status" to "activities" of p's presence.
func (m *Maker) appendDevices(dst []byte, p *person) []byte {
	status, now := p.status, p.seen
	dst = append(dst, `"client_status":{`...)
	if status == offline {
		return append(dst, `},"broadcast":null,"activities":[]`...)
	}
	mood := newSource(p.mood, 19)
	r := &mood
	first := r.below(len(platforms))
	for i, platform := range platforms[first:min(first+1+r.below(2), len(platforms))] {
		dst = add(separate(dst, i), `"`, platform, `":"`, status, `"`)
	}
	dst = append(dst, `},"broadcast":null,"activities":[`...)
	empty := len(dst)
	if r.chance(45) {
		dst = append(appendCustomStatus(dst, r, now), ',')
	}
	if r.chance(50) {
		dst = append(appendGame(dst, r, p, now), ',')
	}
	if r.chance(25) {
		dst = append(m.appendSpotify(dst, r, p, now), ',')
	}
	if len(dst) > empty {
		dst = dst[:len(dst)-1] // the last comma
	}
	return append(dst, ']')
}

// appendCustomStatus appends an activity of type 4.
func appendCustomStatus(dst []byte, r *source, now int64) []byte {
	dst = append(dst, `{"type":4,`...)
	if r.chance(80) {
		dst = append(dst, `"state":"`...)
		dst = append(appendText(dst, r, r.between(1, 9)), `",`...)
	}
	dst = append(dst, `"name":"Custom Status","id":"custom",`...)
	if r.chance(40) {
		dst = add(dst, `"emoji":{"name":"`, recur(r, unicodeEmoji), `"},`)
	}
	return append(appendCreated(dst, r, now), '}')
}

// appendGame appends an activity of type 0, with what its rich presence shows.
func appendGame(dst []byte, r *source, p *person, now int64) []byte {
	game := recur(r, games)
	dst = append(dst, `{"type":0,"timestamps":{"start":`...)
	dst = strconv.AppendInt(dst, now-int64(r.below(4*3_600_000)), 10)
	dst = append(dst, `},`...)
	if game.state != "" {
		dst = add(dst, `"state":"`, game.state, `",`)
	}
	if game.details == "" {
		dst = add(dst, `"name":"`, game.name, `","id":"`, p.session[:16], `",`)
		dst = appendCreated(dst, r, now)
		return add(dst, `,"application_id":"`, game.id, `"}`)
	}
	dst = add(dst, `"session_id":"`, p.session, `",`)
	if r.chance(50) {
		dst = append(dst, `"party":{"size":[1,`...)
		dst = strconv.AppendInt(dst, int64(r.between(2, 6)), 10)
		dst = append(dst, `],"id":"`...)
		dst = append(r.appendHex(dst, 32), `"},`...)
	}
	dst = add(dst, `"name":"`, game.name, `","id":"`, p.session[:16],
		`","flags":0,"details":"`, game.details, `",`)
	dst = appendCreated(dst, r, now)
	dst = add(dst, `,"assets":{"large_text":"`, game.name, `","large_image":"`)
	if r.chance(40) {
		dst = append(dst, `mp:external/`...)
		dst = append(r.appendBase62(dst, 43), `/https/img.example.com/`...)
		dst = append(r.appendHex(dst, 16), `.png`...)
	} else {
		dst = append(strconv.AppendInt(append(dst, game.id[:12]...), int64(r.below(10)), 10), `459392`...)
	}
	return add(dst, `"},"application_id":"`, game.id, `"}`)
}

// appendSpotify appends an activity of type 2.
func (m *Maker) appendSpotify(dst []byte, r *source, p *person, now int64) []byte {
	s := recur(r, m.songs)
	start := now - int64(r.below(200_000))
	dst = append(dst, `{"type":2,"timestamps":{"start":`...)
	dst = strconv.AppendInt(dst, start, 10)
	dst = append(dst, `,"end":`...)
	dst = strconv.AppendInt(dst, start+int64(r.between(120_000, 290_000)), 10)
	dst = add(dst, `},"sync_id":"`, s.track, `","state":"`, s.artist, `","session_id":"`, p.session,
		`","party":{"id":"spotify:`, p.id, `"},"name":"Spotify","id":"spotify:1","flags":48,"details":"`, s.title, `",`)
	dst = appendCreated(dst, r, now)
	return add(dst, `,"assets":{"large_text":"`, s.album, `","large_image":"`, s.image, `"}}`)
}

// appendCreated appends when an activity began, in the last ten minutes.
func appendCreated(dst []byte, r *source, now int64) []byte {
	dst = append(dst, `"created_at":`...)
	return strconv.AppendInt(dst, now-int64(r.below(600_000)), 10)
}
