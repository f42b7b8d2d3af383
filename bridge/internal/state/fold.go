package state

import "slices"

// fold applies a group's log. If that fails, which only a damaged file can bring about, the log is lost.
func (s *Shard) fold(g *guild, of group) error {
	err := s.applyLog(g, of)
	if g.setLog(of, nil); err != nil {
		s.dropDigests(func(d digest) bool { return d.guild == g })
	}
	return err
}

func (s *Shard) applyLog(g *guild, of group) (err error) {
	groups := g.base.groups()
	var refs []ref
	if of != settled {
		if s.refs, err = s.dict.appendRefs(s.refs[:0], g.id, groups[settled]); err != nil {
			return err
		}
		refs = s.refs
	}
	rows, err := s.dict.unpack(s.rows[of][:0], g.id, refs, groups[of])
	if err != nil {
		return err
	}
	if of == settled {
		s.refs = appendRefs(s.refs[:0], rows)
	}
	rows, ok := s.work.apply(rows, g.log()[of])
	if s.rows[of] = rows; !ok {
		return errDamaged
	}
	if groups[of], err = s.dict.pack(g.id, refs, rows); err != nil {
		return err
	}
	if of == settled {
		s.newRefs = appendRefs(s.newRefs[:0], rows)
		if err := s.refer(g, &groups, s.refs, s.newRefs); err != nil {
			return err
		}
	}
	g.base = newRest(groups)
	return nil
}

// refer compresses the groups anew that refer to the settled one, if there are other rows to refer to than before.
func (s *Shard) refer(g *guild, groups *[numGroups]string, before, now []ref) (err error) {
	if slices.Equal(before, now) {
		return nil
	}
	for of := settled + 1; of < numGroups; of++ {
		if s.rows[of], err = s.dict.unpack(s.rows[of][:0], g.id, before, groups[of]); err != nil {
			return err
		}
		if groups[of], err = s.dict.pack(g.id, now, s.rows[of]); err != nil {
			return err
		}
	}
	return nil
}
