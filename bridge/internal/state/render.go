package state

import "sync"

// A render is what it takes to make a guild's JSON, kept from one guild to the next.
type render struct {
	workshop
	rows index
	refs []ref
}

var renders = sync.Pool{New: func() any { return new(render) }}

// appendCreate appends the d of the GUILD_CREATE of a guild that was viewed.
func appendCreate(dst []byte, dict *Dictionary, d decoder, p *packed) ([]byte, error) {
	r := renders.Get().(*render)
	defer renders.Put(r)
	r.shapes, r.guild = dict.shapes, d.guild
	var refs []ref
	for i := range r.rows.groups {
		rows, err := dict.unpack(r.rows.groups[i][:0], d.guild, refs, p.base.at(group(i)))
		if err != nil {
			return dst, err
		}
		if group(i) == settled {
			refs = appendRefs(r.refs[:0], rows)
			r.refs = refs
		}
		rows, ok := r.apply(rows, p.logs[i])
		if r.rows.groups[i] = rows; !ok {
			return dst, errDamaged
		}
	}
	d.shapes, d.lists = dict.shapes.all(), &r.rows
	return d.create(dst)
}

// create appends a guild: its head, and behind that the lists that have rows now, though GUILD_CREATE
// did not have them.
func (d *decoder) create(dst []byte) ([]byte, error) {
	start := len(dst)
	var row []byte
	whole := d.lists.each(head, func(_ uint64, r []byte) bool {
		row = r
		return true
	})
	if len(row) == 0 || !whole {
		return dst, errDamaged
	}
	dst, _, ok := d.value(dst, row, 0)
	if !ok || dst[len(dst)-1] != '}' {
		return dst[:start], errDamaged
	}
	for l := roles; l < numLists; l++ {
		if field(row, `"`+lists[l].name+`"`, d.shapes) != nil {
			continue
		}
		none := true
		d.lists.each(l, func(uint64, []byte) bool {
			none = false
			return false
		})
		if none {
			continue
		}
		dst = dst[:len(dst)-1]
		if dst[len(dst)-1] != '{' {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), lists[l].name...), `":`...)
		if dst, ok = d.list(dst, l, false); !ok {
			return dst[:start], errDamaged
		}
		dst = append(dst, '}')
	}
	return dst, nil
}
