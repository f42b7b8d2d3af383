package state

// A guild whose logs are longer than they may be at rest is open: each event that follows would
// otherwise decompress and compress a group soon again. A shard keeps those open that events have changed
// last, and applies logs of each that it closes.
const (
	maxOpen      = 512       // guilds of a shard
	maxOpenLog   = 16 << 10  // bytes of one's logs, beside what the last event added
	maxOpenBytes = 128 << 10 // of what all their logs have more than they may have at rest
)

// An open is one of these guilds.
type open struct {
	guild *guild
	more  int // bytes of its logs that are more than they may have at rest
}

// keepOpen opens a guild, if it is not open yet, as the last one to be closed. It closes others that are too
// many, and the guild itself if its logs have grown too long.
func (s *Shard) keepOpen(g *guild) error {
	i := 0
	for i < len(s.open) && s.open[i].guild != g {
		i++
	}
	if i == len(s.open) {
		s.open = append(s.open, open{})
	}
	more := g.logSize() - g.logBound()
	s.openBytes += more - s.open[i].more
	copy(s.open[1:], s.open[:i])
	s.open[0] = open{g, more}
	if g.logSize() > maxOpenLog+len(s.ops) {
		s.open = append(s.open[:0], s.open[1:]...)
		s.openBytes -= more
		return s.close(g)
	}
	for n := len(s.open) - 1; n > 0 && (n >= maxOpen || s.openBytes > maxOpenBytes); n-- {
		o := s.open[n]
		s.open[n] = open{}
		s.open = s.open[:n]
		s.openBytes -= o.more
		if s.guilds[o.guild.id] != o.guild {
			continue // it is gone
		}
		if err := s.close(o.guild); err != nil {
			o.guild.stale = true
		}
	}
	return nil
}

// close applies a guild's logs, the longest first, until the others may stay at rest.
func (s *Shard) close(g *guild) error {
	for g.logSize() > g.logBound() {
		longest := group(0)
		for of, log := range g.log() {
			if len(log) > len(g.log()[longest]) {
				longest = group(of)
			}
		}
		if err := s.fold(g, longest); err != nil {
			return err
		}
	}
	return nil
}
