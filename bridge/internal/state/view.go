package state

import (
	"cmp"
	"slices"
)

// A View is a guild as of the moment when [Shard.Views] was called, whatever has become of it since. It
// shares what is at rest with the shard.
type View struct {
	ID uint64

	dict  *Dictionary
	guild decoder
	at    packed
}

// Views returns all guilds that are available now, as of one moment, by rising ids. It is cheap: nothing is
// decompressed before [View.AppendCreate].
func (s *Shard) Views() []View {
	s.mu.Lock()
	views := make([]View, 0, len(s.guilds))
	for _, g := range s.guilds {
		if !g.unavailable {
			views = append(views, View{g.id, s.dict, decoder{guild: g.id, count: g.count}, g.packed()})
		}
	}
	s.mu.Unlock()
	slices.SortFunc(views, func(a, b View) int { return cmp.Compare(a.ID, b.ID) })
	return views
}

// AppendCreate appends the d of the guild's GUILD_CREATE. On an error it returns dst as it was.
func (v *View) AppendCreate(dst []byte) ([]byte, error) {
	return appendCreate(dst, v.dict, v.guild, &v.at)
}
