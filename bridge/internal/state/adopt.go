package state

// Adopt has the dictionary take over what a snapshot holds of the one by which it was made, as LoadSnapshot does. It
// reports false where it has learned something else before, or the snapshot is damaged.
func (d *Dictionary) Adopt(snapshot []byte) bool {
	if len(snapshot) < len(snapshotMagic) || string(snapshot[:len(snapshotMagic)]) != snapshotMagic {
		return false
	}
	c := cursor{rest: snapshot[len(snapshotMagic):]}
	c.number() // flags
	taught, err := c.dictionary()
	if err != nil {
		return false
	}
	same, err := d.adopt(taught)
	return same && err == nil
}

// Uses reports whether the shard's guilds are compressed with a dictionary.
func (s *Shard) Uses(d *Dictionary) bool { return s.dict == d }
