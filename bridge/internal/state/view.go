package state

// A View is a guild as of the moment when [Shard.Views] was called, whatever has become of it since. It
// shares what is at rest with the shard.
type View struct {
	ID uint64

	dict  *Dictionary
	guild decoder
	logs  [numGroups]packed
}

// Views returns all guilds that are available now, as of one moment, by rising ids. It is cheap: nothing is
// decompressed before [View.AppendCreate].
func (s *Shard) Views() []View {
	list := s.sorted()
	views := make([]View, 0, len(list))
	for _, g := range list {
		if d, logs, ok := s.view(g.guild); ok {
			views = append(views, View{g.ID, s.dict, d, logs})
		}
	}
	return views
}

// AppendCreate appends the d of the guild's GUILD_CREATE. On an error it returns dst as it was.
func (v *View) AppendCreate(dst []byte) ([]byte, error) {
	return appendCreate(dst, v.dict, v.guild, &v.logs)
}
