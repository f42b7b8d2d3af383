package traffic

import "strconv"

// An emoji, a sticker and a sound are what a guild has of its own.
type (
	emoji struct {
		id   string
		look look
	}
	sticker struct {
		id   string
		look look
	}
	sound struct {
		id   string
		look look
	}
)

func (e *emoji) source() source { return newSource(e.look, 7) }

// appendName appends the fields by which a reaction names the emoji.
func (e *emoji) appendName(dst []byte) []byte {
	r := e.source()
	return add(dst, `"name":"`, pick(&r, nameParts), pick(&r, nameParts), `","id":"`, e.id, `"`)
}

// append appends the emoji (Discord: "Emoji Object").
func (e *emoji) append(dst []byte) []byte {
	dst = e.appendName(append(dst, `{"version":0,"roles":[],"require_colons":true,`...))
	r := newSource(e.look, 8)
	return add(dst, `,"managed":false,"available":true,"animated":`, r.yes(30), `}`)
}

// append appends the sticker (Discord: "Sticker Object").
func (s *sticker) append(dst []byte, g *guild) []byte {
	r := newSource(s.look, 9)
	dst = add(dst, `{"version":1750000000000,"type":2,"tags":"`, pick(&r, nameParts), `","name":"`, pick(&r, nameParts),
		`","id":"`, s.id, `","guild_id":"`, g.id, `","format_type":`)
	dst = strconv.AppendInt(dst, int64(r.between(1, 2)), 10)
	dst = append(dst, `,"description":"`...)
	dst = appendText(dst, &r, r.between(0, 4))
	return append(dst, `","available":true,"asset":""}`...)
}

// append appends the sound (Discord: "Soundboard Sound Object").
func (s *sound) append(dst []byte, g *guild) []byte {
	r := newSource(s.look, 10)
	dst = add(dst, `{"volume":1.0,"sound_id":"`, s.id, `","name":"`, pick(&r, nameParts), `","guild_id":"`, g.id,
		`","emoji_name":"`, pick(&r, unicodeEmoji), `","emoji_id":null,"available":true,"user_id":"`, g.ownerID, `"}`)
	return dst
}

// emojisUpdate makes Discord's "Guild Emojis Update": one more, or one less.
func (g *Generator) emojisUpdate(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	if len(home.emojis) > 1 && (g.r.chance(50) || len(home.emojis) >= maxEmojis) {
		home.emojis = remove(home.emojis, pick(&g.r, home.emojis))
	} else {
		home.emojis = append(home.emojis, &emoji{g.id(), g.r.pcg.Uint64()})
	}
	dst = add(dst, `{"guild_id":"`, home.id, `","emojis":[`)
	for i, e := range home.emojis {
		dst = e.append(separate(dst, i))
	}
	return "GUILD_EMOJIS_UPDATE", append(dst, "]}"...)
}

// stickersUpdate makes Discord's "Guild Stickers Update": likewise.
func (g *Generator) stickersUpdate(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	if len(home.stickers) > 1 && (g.r.chance(50) || len(home.stickers) >= maxStickers) {
		home.stickers = remove(home.stickers, pick(&g.r, home.stickers))
	} else {
		home.stickers = append(home.stickers, &sticker{g.id(), g.r.pcg.Uint64()})
	}
	dst = add(dst, `{"stickers":[`)
	for i, s := range home.stickers {
		dst = s.append(separate(dst, i), home)
	}
	return "GUILD_STICKERS_UPDATE", add(dst, `],"guild_id":"`, home.id, `"}`)
}

// soundChange makes Discord's "Guild Soundboard Sound Create", "Update" and "Delete".
func (g *Generator) soundChange(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	n := len(home.sounds)
	switch change := g.r.below(3); {
	case n == 0 || change == 0 && n < 40:
		s := &sound{g.id(), g.r.pcg.Uint64()}
		home.sounds = append(home.sounds, s)
		return "GUILD_SOUNDBOARD_SOUND_CREATE", s.append(dst, home)
	case change == 1:
		s := pick(&g.r, home.sounds)
		s.look = g.r.pcg.Uint64()
		return "GUILD_SOUNDBOARD_SOUND_UPDATE", s.append(dst, home)
	}
	s := pick(&g.r, home.sounds)
	home.sounds = remove(home.sounds, s)
	return "GUILD_SOUNDBOARD_SOUND_DELETE", add(dst, `{"sound_id":"`, s.id, `","guild_id":"`, home.id, `"}`)
}

// soundsUpdate makes Discord's "Guild Soundboard Sounds Update": several change at once.
func (g *Generator) soundsUpdate(dst []byte) (string, []byte) {
	home := g.world.guild(&g.r)
	for _, s := range home.sounds {
		s.look = g.r.pcg.Uint64()
	}
	return "GUILD_SOUNDBOARD_SOUNDS_UPDATE", home.appendSounds(dst)
}

// soundboardSounds makes Discord's "Soundboard Sounds", the answer to a request.
func (g *Generator) soundboardSounds(dst []byte) (string, []byte) {
	return "SOUNDBOARD_SOUNDS", g.world.guild(&g.r).appendSounds(dst)
}

func (g *guild) appendSounds(dst []byte) []byte {
	dst = append(dst, `{"soundboard_sounds":[`...)
	for i, s := range g.sounds {
		dst = s.append(separate(dst, i), g)
	}
	return add(dst, `],"guild_id":"`, g.id, `"}`)
}
