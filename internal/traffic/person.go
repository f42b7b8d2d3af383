package traffic

import "strconv"

// A person is a member of one guild, as fragments of JSON that objects share. They lie next to each
// other in one string, which an event copies at once.
type person struct {
	id      string
	guild   *guild
	bot     bool
	gone    bool   // no member any more
	place   int    // in the world's people
	session string // the session_id of activities
	has     []*role

	member string // the guild member object with the user inside (Discord: "Guild Member Object")
	user   string // of member: the whole user object
	fields string // of member: all behind the user, without the brace
	since  string // of member: the field "premium_since"
	joined string // of member: the fields "pending" to "joined_at"
	flags  string // of member: the fields "flags" to "avatar"

	status string // of the presence that was told last; "" is offline
	mood   look   // its activities
	seen   int64  // when it began, in Unix milliseconds

	voice              *channel // nil for none
	selfMute, selfDeaf bool
}

// personID draws the id of somebody new.
func personID(r *source) uint64 {
	made := epoch - int64(r.between(30, 3400))*86_400_000 - int64(r.below(86_400_000))
	return r.snowflake(made)
}

// newPerson makes a member of g.
func newPerson(r *source, g *guild, bot bool) *person {
	p := new(person)
	p.make(r, g, bot)
	return p
}

func (p *person) make(r *source, g *guild, bot bool) {
	number := personID(r)
	var ids [20]byte
	id := strconv.AppendUint(ids[:0], number, 10)
	made := int64(number>>22) + discordEpoch

	// Most members have a handful of roles; the common ones recur.
	var hasRoom [16]*role
	has := hasRoom[:0]
	for i, role := range g.founding {
		if r.below(i/2+2) == 0 {
			has = append(has, role)
		}
	}
	*p = person{guild: g, bot: bot, has: append([]*role(nil), has...), selfMute: r.chance(40), selfDeaf: r.chance(15)}

	var room [4096]byte
	var at fragments
	b := append(room[:0], id...)
	at.session = len(b)
	b = r.appendHex(b, 32) // what presences need lies next to each other
	at.member = len(b)
	b = appendUser(append(b, `{"user":`...), r, id, bot)
	at.user = len(b)
	b = appendRoles(b, p.has)
	at.since = len(b)
	b = append(b, `"premium_since":`...)
	if r.chance(7) {
		b = appendTime(b, epoch-int64(r.below(year/1000))*1000)
	} else {
		b = append(b, "null"...)
	}
	b = append(b, ',')
	at.joined = len(b)
	b = appendJoined(b, r, made+(epoch-made)/100*int64(r.below(100))+int64(r.below(1000)), false)
	b = append(b, ',')
	at.flags = len(b)
	b = add(b, `"flags":`, pick(r, memberFlags), `,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null}`)
	at.end = len(b)
	all := string(b)
	p.id, p.session = all[:at.session], all[at.session:at.member]
	at.assign(p, all)
}

var memberFlags = []string{"0", "0", "0", "2", "11"}

// fragments are the places where those of a person begin, and where the user and all end.
type fragments struct{ session, member, user, since, joined, flags, end int }

// assign makes the fragments of all p's.
func (at *fragments) assign(p *person, all string) {
	p.member = all[at.member:at.end]
	p.user = all[at.member+len(`{"user":`) : at.user]
	p.fields = all[at.user+1 : at.end-1]
	p.since, p.joined, p.flags = all[at.since:at.joined-1], all[at.joined:at.flags-1], all[at.flags:at.end-1]
}

// appendRoles appends the member field "roles", between commas.
func appendRoles(dst []byte, has []*role) []byte {
	dst = append(dst, `,"roles":[`...)
	for i, role := range has {
		dst = add(separate(dst, i), `"`, role.id, `"`)
	}
	return append(dst, `],`...)
}

// rewrite makes the fragments anew, after a change of p.has or with other ones.
func (p *person) rewrite(user, since, joined string) {
	var room [4096]byte
	var at fragments
	b := add(room[:0], `{"user":`, user)
	at.user = len(b)
	b = appendRoles(b, p.has)
	at.since = len(b)
	b = add(b, since, `,`)
	at.joined = len(b)
	b = add(b, joined, `,`)
	at.flags = len(b)
	b = add(b, p.flags, `}`)
	at.end = len(b)
	at.assign(p, string(b))
}

// setRoles gives p other roles.
func (p *person) setRoles(has []*role) {
	p.has = has
	p.rewrite(p.user, p.since, p.joined)
}

// appendJoined appends the member fields "pending" to "joined_at".
func appendJoined(dst []byte, r *source, at int64, pending bool) []byte {
	dst = append(dst, `"pending":`...)
	dst = add(strconv.AppendBool(dst, pending), `,"nick":`)
	if r.chance(25) {
		dst = add(dst, `"`, pick(r, nicks), `"`)
	} else {
		dst = append(dst, "null"...)
	}
	return appendTime(append(dst, `,"mute":false,"joined_at":`...), at)
}

// become makes p the bot.
func (p *person) become(m *Maker) {
	p.id = strconv.FormatUint(m.bot, 10)
	p.rewrite(string(BotUser(nil, m.bot)), p.since, p.joined)
}

// fellow draws a member of p's guild, perhaps p again.
func (p *person) fellow(r *source) *person { return pick(r, p.guild.people) }

// appendMember appends p as a guild member with the user inside.
func (p *person) appendMember(dst []byte) []byte { return append(dst, p.member...) }

// appendMentioned appends p as a user with the member inside.
func (p *person) appendMentioned(dst []byte) []byte {
	return add(dst, p.user[:len(p.user)-1], `,"member":{`, p.fields, `}}`) // without the user's last brace
}

// appendUser appends the user object of somebody new with that id (Discord: "User
// Object").
func appendUser(dst []byte, r *source, id []byte, bot bool) []byte {
	dst = append(dst, `{"username":"`...)
	start := len(dst)
	dst = add(dst, recur(r, nameParts), pick(r, nameParts))
	if r.chance(40) {
		dst = strconv.AppendInt(dst, int64(r.below(10_000)), 10)
	}
	end := len(dst)
	dst = add(dst, `","public_flags":`, pick(r, []string{"0", "0", "0", "64", "128", "256", "4194304"}))
	dst = append(dst, `,"primary_guild":`...)
	if r.chance(20) {
		dst = append(dst, `{"tag":"`...)
		dst = appendUpper(dst, pick(r, nameParts)[:3])
		dst = append(dst, `","identity_guild_id":"`...)
		dst = strconv.AppendUint(dst, r.snowflake(epoch-int64(r.below(year/1000))*1000), 10)
		dst = append(dst, `","identity_enabled":true,"badge":"`...)
		dst = append(r.appendHex(dst, 32), `"}`...)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(append(dst, `,"id":"`...), id...)
	dst = append(dst, `","global_name":`...)
	switch {
	case bot:
		dst = append(dst, "null"...)
	case r.chance(60):
		dst = append(append(dst, '"'), dst[start:end]...)
		dst = append(dst, '"')
	default:
		dst = add(dst, `"`, pick(r, nicks), `"`)
	}
	dst = append(dst, `,"discriminator":"`...)
	if bot {
		dst = strconv.AppendInt(dst, int64(r.between(1000, 9999)), 10)
	} else {
		dst = append(dst, '0')
	}
	dst = append(dst, `","collectibles":`...)
	if r.chance(12) {
		plate := pick(r, nameParts)
		dst = append(dst, `{"nameplate":{"sku_id":"13`...)
		dst = strconv.AppendInt(dst, int64(r.between(100, 160)), 10)
		dst = add(dst, `30231084695570","palette":"`, pick(r, []string{"violet", "teal", "cobalt", "rose"}),
			`","label":"COLLECTIBLES_`)
		dst = appendUpper(dst, plate)
		dst = add(dst, `_A11Y","expires_at":null,"asset":"nameplates/`, plate, `/"}}`)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, ',')
	if bot {
		dst = append(dst, `"bot":true,`...)
	}
	dst = append(dst, `"avatar_decoration_data":`...)
	if r.chance(20) {
		dst = append(dst, `{"sku_id":"12`...)
		dst = strconv.AppendInt(dst, int64(r.between(100, 160)), 10)
		dst = append(dst, `40231084695570","expires_at":null,"asset":"a_`...)
		dst = append(r.appendHex(dst, 32), `"}`...)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"avatar":`...)
	if r.chance(94) {
		dst = append(dst, '"')
		if r.chance(15) {
			dst = append(dst, "a_"...)
		}
		dst = append(r.appendHex(dst, 32), '"')
	} else {
		dst = append(dst, "null"...)
	}
	return append(dst, '}')
}
