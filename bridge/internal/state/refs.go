package state

// A ref is a row of the settled group that rows of the other groups refer to by its key, as voice states do to
// channels and members to roles. They are coded by where it stands among those rows.
type ref struct {
	list list
	key  uint64
}

// appendRefs appends the refs that rows of the settled group are.
func appendRefs(dst []ref, rows []byte) []ref {
	for len(rows) > 0 {
		l, key, _, rest, ok := takeRow(rows)
		if !ok {
			break
		}
		if l == roles || l == channels {
			dst = append(dst, ref{l, key})
		}
		rows = rest
	}
	return dst
}

// appendRefs appends the refs that the settled group is, of which it decompresses no more than the keys.
func (d *Dictionary) appendRefs(dst []ref, guild uint64, settled string) ([]ref, error) {
	l := d.learned.Load()
	if settled == "" || settled[0] != packModel || l == nil {
		rows, err := d.unpack(nil, guild, nil, settled)
		return appendRefs(dst, rows), err
	}
	c := coders.Get().(*coder)
	defer coders.Put(c)
	c.start(l.statistics, d.shapes.all(), guild, nil)
	c.startDecoding(settled[1:])
	c.codeKeys()
	for _, l := range []list{roles, channels} {
		for _, r := range c.lists[l] {
			dst = append(dst, ref{l, r.key})
		}
	}
	if c.bad || c.over() {
		return dst, errDamaged
	}
	return dst, nil
}
