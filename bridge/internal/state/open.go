package state

// Groups whose log is longer than it may be at rest are open: each event that follows would
// otherwise decompress and compress them soon again. A shard keeps those open that events have changed
// last, and applies the log of each that it closes.
const (
	maxOpen      = 128       // groups of a shard
	maxOpenLog   = 16 << 10  // bytes of one's log, beside what the last event added
	maxOpenBytes = 256 << 10 // of all their logs
)

// An open is one of these groups.
type open struct {
	guild *guild
	group group
}

// keepOpen opens a group, if it is not open yet, as the last one to be closed. It closes others that are too
// many, and the group itself if its log has grown too long.
func (s *Shard) keepOpen(g *guild, of group) error {
	i := 0
	for i < len(s.open) && s.open[i] != (open{g, of}) {
		i++
	}
	if i == len(s.open) {
		s.open = append(s.open, open{})
	}
	copy(s.open[1:], s.open[:i])
	s.open[0] = open{g, of}
	if len(g.log()[of]) > maxOpenLog+len(s.ops) {
		s.open = append(s.open[:0], s.open[1:]...)
		return s.fold(g, of)
	}
	total := 0
	for _, o := range s.open {
		total += len(o.guild.log()[o.group])
	}
	for n := len(s.open) - 1; n > 0 && (n >= maxOpen || total > maxOpenBytes); n-- {
		o := s.open[n]
		s.open[n] = open{}
		s.open = s.open[:n]
		total -= len(o.guild.log()[o.group])
		if s.guilds[o.guild.id] != o.guild {
			continue // it is gone
		}
		if err := s.fold(o.guild, o.group); err != nil {
			o.guild.stale = true
		}
	}
	return nil
}
