package state

import (
	"encoding/binary"
	"fmt"
)

// A group at rest is the length of what is random in its streams, that, and a zstd frame: the lengths of
// the other parts, and the parts.

// pack returns rows compressed, in memory of their own; nil for none.
func (d *Dictionary) pack(rows []byte) ([]byte, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	if len(rows) > maxRows/2 {
		return nil, errLarge
	}
	s := streamPool.Get().(*streams)
	defer streamPool.Put(s)
	s.reset()
	if !s.split(rows, d.shapes.all()) {
		return nil, errDamaged
	}
	s.row = s.row[:0]
	for _, part := range s.parts[:partRandom] {
		s.row = binary.AppendUvarint(s.row, uint64(len(part)))
	}
	for _, part := range s.parts[:partRandom] {
		s.row = append(s.row, part...)
	}
	codec := d.codec.Load()
	if codec.content == nil {
		d.learn(s.row)
	}
	random := s.parts[partRandom]
	s.packed = append(binary.AppendUvarint(s.packed[:0], uint64(len(random))), random...)
	s.packed = codec.encoder.EncodeAll(s.row, s.packed)
	return append(make([]byte, 0, len(s.packed)), s.packed...), nil
}

// unpack appends what pack was given.
func (d *Dictionary) unpack(dst, b []byte) ([]byte, error) {
	if len(b) == 0 {
		return dst, nil
	}
	random, frame, ok := takeBytes(b)
	if !ok {
		return dst, errDamaged
	}
	s := streamPool.Get().(*streams)
	defer streamPool.Put(s)
	s.reset()
	plain, err := d.codec.Load().decoder.DecodeAll(frame, s.packed[:0])
	s.packed = plain
	if err != nil {
		return dst, fmt.Errorf("%w: %w", errDamaged, err)
	}
	var lengths [partRandom]uint64
	for i := range lengths {
		if lengths[i], plain, ok = takeNumber(plain); !ok {
			return dst, errDamaged
		}
	}
	kept := s.parts // join moves its parts on: they are put back, so that their memory serves again
	defer func() { s.parts = kept }()
	for i, n := range lengths {
		if n > uint64(len(plain)) {
			return dst, errDamaged
		}
		s.parts[i], plain = plain[:n], plain[n:]
	}
	s.parts[partRandom] = random
	if dst, ok = s.join(dst, d.shapes.all()); !ok || len(dst) > maxRows {
		return dst, errDamaged
	}
	return dst, nil
}
