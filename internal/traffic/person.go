package traffic

import "strconv"

// A person is a member of one guild, as fragments of JSON that objects share.
// Between the fragments an object can have fields of its own.
type person struct {
	id      string
	guild   *guild
	bot     bool
	gone    bool   // no member any more
	user    string // the whole user object
	session string // the session_id of activities
	has     []*role
	premium string // member field "premium_since", with a comma in front
	roles   string // member fields "roles" and "premium_since"
	joined  string // member fields "pending" to "joined_at"
	flags   string // member fields "flags" to "avatar"

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
	id := personID(r)
	made := int64(id>>22) + discordEpoch
	p := &person{id: strconv.FormatUint(id, 10), guild: g, bot: bot}
	p.user = string(appendUser(nil, r, p.id, p.bot))
	p.session = string(r.appendHex(nil, 32))

	// Most members have a handful of roles; the common ones recur.
	for i, role := range g.founding {
		if r.below(i/2+2) == 0 {
			p.has = append(p.has, role)
		}
	}
	dst := []byte(`,"premium_since":`)
	if r.chance(7) {
		dst = appendTime(dst, epoch-int64(r.below(year/1000))*1000)
	} else {
		dst = append(dst, "null"...)
	}
	p.premium = string(dst)
	p.writeRoles()
	p.writeJoined(r, made+(epoch-made)/100*int64(r.below(100))+int64(r.below(1000)), false)

	dst = append(dst[:0], `"flags":`...)
	dst = append(dst, pick(r, []string{"0", "0", "0", "2", "11"})...)
	dst = append(dst, `,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null`...)
	p.flags = string(dst)
	p.selfMute, p.selfDeaf = r.chance(40), r.chance(15)
	return p
}

// writeRoles makes the fragment roles anew.
func (p *person) writeRoles() {
	dst := make([]byte, 0, len(`"roles":[]`)+len(p.has)*22+len(p.premium))
	dst = append(dst, `"roles":[`...)
	for i, role := range p.has {
		dst = add(separate(dst, i), `"`, role.id, `"`)
	}
	p.roles = string(add(dst, `]`, p.premium))
}

// writeJoined makes the fragment joined anew.
func (p *person) writeJoined(r *source, at int64, pending bool) {
	dst := append(make([]byte, 0, 128), `"pending":`...)
	dst = add(strconv.AppendBool(dst, pending), `,"nick":`)
	if r.chance(25) {
		dst = add(dst, `"`, pick(r, nicks), `"`)
	} else {
		dst = append(dst, "null"...)
	}
	dst = append(dst, `,"mute":false,"joined_at":`...)
	p.joined = string(appendTime(dst, at))
}

// become makes p the bot.
func (p *person) become(m *Maker) {
	p.id = strconv.FormatUint(m.bot, 10)
	p.user = string(BotUser(nil, m.bot))
}

// fellow draws a member of p's guild, perhaps p again.
func (p *person) fellow(r *source) *person { return pick(r, p.guild.people) }

// appendMember appends p as a guild member with the user inside (Discord: "Guild
// Member Object").
func (p *person) appendMember(dst []byte) []byte {
	return add(dst, `{"user":`, p.user, `,`, p.roles, `,`, p.joined, `,`, p.flags, `}`)
}

// appendMentioned appends p as a user with the member inside.
func (p *person) appendMentioned(dst []byte) []byte {
	dst = append(dst, p.user[:len(p.user)-1]...) // without the last brace
	return add(dst, `,"member":{`, p.roles, `,`, p.joined, `,`, p.flags, `}}`)
}

// appendUser appends the user object of somebody new with that id (Discord: "User
// Object").
func appendUser(dst []byte, r *source, id string, bot bool) []byte {
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
	dst = add(dst, `,"id":"`, id, `","global_name":`)
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
