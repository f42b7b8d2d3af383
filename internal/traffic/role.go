package traffic

import "strconv"

// A role is of a guild.
type role struct {
	id      string
	look    look
	visitor bool // made in steady traffic, so that it can be deleted
}

// append appends the role (Discord: "Role Object").
func (o *role) append(dst []byte, position int) []byte {
	r := newSource(o.look, 6)
	dst = append(dst, `{"version":`...)
	dst = strconv.AppendInt(dst, epoch-int64(r.below(year/1000))*1000, 10)
	dst = append(dst, `,"unicode_emoji":null,"position":`...)
	dst = strconv.AppendInt(dst, int64(position), 10)
	dst = add(dst, `,"permissions":"`, recur(&r, permissions), `","name":"`, r.name(roleNames, " "),
		`","mentionable":`, r.yes(20), `,"managed":false,"id":"`, o.id, `","icon":null,"hoist":`, r.yes(30),
		`,"flags":0,"colors":{"tertiary_color":null,"secondary_color":null,"primary_color":`)
	color := int64(r.below(2) * r.below(1<<24))
	dst = strconv.AppendInt(dst, color, 10)
	dst = append(dst, `},"color":`...)
	return append(strconv.AppendInt(dst, color, 10), '}')
}

// appendEveryone appends the role that every member has, whose id is the guild's.
func (g *guild) appendEveryone(dst []byte) []byte {
	return add(dst, `{"version":1750000000000,"unicode_emoji":null,"position":0,"permissions":"2248473465835073","name":"@everyone","mentionable":false,"managed":false,"id":"`,
		g.id, `","icon":null,"hoist":false,"flags":0,"colors":{"tertiary_color":null,"secondary_color":null,"primary_color":0},"color":0}`)
}
