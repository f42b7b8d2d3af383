package trace

import (
	"encoding/binary"
	"hash/crc32"
	"math"
	"slices"
)

// blockInfo is what the index knows of a block.
type blockInfo struct {
	offset  int64 // of its header
	body    int
	raw     int
	records uint32
	dropped uint32
	first   int64
	latest  int64

	open bool // records were still added to it; the rest is what could be read

	// shards are the differences of the shard ids, as the index has them; nil where the file has no index.
	shards []byte
}

// end returns where the block ends.
func (b *blockInfo) end() int64 { return b.offset + blockHeaderSize + int64(b.body) }

// hasShard reports whether the block may have records of a shard.
func (b *blockInfo) hasShard(shard int) bool {
	if b.shards == nil {
		return true
	}
	next := uint64(0)
	for rest := b.shards; len(rest) > 0; {
		gap, n := binary.Uvarint(rest)
		rest = rest[n:]
		id := next + gap
		if id >= uint64(shard) {
			return id == uint64(shard)
		}
		next = id + 1
	}
	return false
}

// appendShards appends the ids, which are sorted, as differences.
func appendShards(dst []byte, ids []int) []byte {
	next := 0
	for _, id := range ids {
		dst = binary.AppendUvarint(dst, uint64(id-next))
		next = id + 1
	}
	return dst
}

// shardSet collects the shards of a block.
type shardSet struct {
	words []uint64
	ids   []int // scratch
	far   []int // beyond the words
}

// near bounds the ids that have a bit.
const near = 1 << 20

func (s *shardSet) add(shard int) {
	if shard >= near {
		if !slices.Contains(s.far, shard) {
			s.far = append(s.far, shard)
		}
		return
	}
	for shard>>6 >= len(s.words) {
		s.words = append(s.words, 0)
	}
	s.words[shard>>6] |= 1 << (shard & 63)
}

// take returns the ids in order, and empties the set.
func (s *shardSet) take() []int {
	s.ids = s.ids[:0]
	for i, word := range s.words {
		for k := 0; word != 0; k++ {
			if word&1 != 0 {
				s.ids = append(s.ids, i<<6+k)
			}
			word >>= 1
		}
		s.words[i] = 0
	}
	slices.Sort(s.far)
	s.ids = append(s.ids, s.far...)
	s.far = s.far[:0]
	return s.ids
}

// appendIndex appends the index of the blocks, and the footer; at is where the index will stand.
func appendIndex(dst []byte, began int64, blocks []blockInfo, at int64) []byte {
	start := len(dst)
	dst = append(dst, indexMagic...)
	last := began
	for i := range blocks {
		b := &blocks[i]
		for _, n := range [...]uint64{uint64(b.body), uint64(b.raw), uint64(b.records), uint64(b.dropped)} {
			dst = binary.AppendUvarint(dst, n)
		}
		dst = binary.AppendVarint(dst, b.first-last)
		dst = binary.AppendUvarint(dst, uint64(b.latest-b.first))
		last = b.first
		count := 0
		for _, c := range b.shards {
			if c < 0x80 {
				count++
			}
		}
		dst = binary.AppendUvarint(dst, uint64(count))
		dst = append(dst, b.shards...)
	}
	length := len(dst) - start
	foot := len(dst)
	dst = binary.LittleEndian.AppendUint64(dst, uint64(at))
	dst = binary.LittleEndian.AppendUint64(dst, uint64(length))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(blocks)))
	crc := crc32.Update(crc32.Checksum(dst[start:foot], castagnoli), castagnoli, dst[foot:])
	dst = binary.LittleEndian.AppendUint32(dst, crc)
	return append(dst, footerMagic...)
}

// footer is the end of a file that was closed.
type footer struct {
	at, length int64
	blocks     uint32
	crc        uint32
	head       []byte // what the checksum covers of it
}

// parseFooter reads the last bytes of a file of the given size. ok is false where they are no footer.
func parseFooter(b []byte, size int64) (f footer, ok bool, e *FormatError) {
	if string(b[24:]) != footerMagic {
		return f, false, nil
	}
	f.at = int64(binary.LittleEndian.Uint64(b))
	f.length = int64(binary.LittleEndian.Uint64(b[8:]))
	f.blocks, f.crc, f.head = binary.LittleEndian.Uint32(b[16:]), binary.LittleEndian.Uint32(b[20:]), b[:20]
	if f.at < headerSize || f.length < int64(len(indexMagic)) || f.at > size || f.length != size-footerSize-f.at {
		return f, true, damage(size-footerSize, "the footer points beyond the file", remedyRepair)
	}
	return f, true, nil
}

// parseIndex reads the index b that f describes. began is the header's time.
func parseIndex(b []byte, f footer, began int64) ([]blockInfo, *FormatError) {
	if crc32.Update(crc32.Checksum(b, castagnoli), castagnoli, f.head) != f.crc || string(b[:4]) != indexMagic {
		return nil, damage(f.at, "the index is damaged", remedyRepair)
	}
	// A block has a header, and an entry of the index 7 bytes at least.
	if int64(f.blocks) > min((f.at-headerSize)/blockHeaderSize, int64(len(b))/7) {
		return nil, damage(f.at, "the index has more blocks than the file has room for", remedyRepair)
	}
	blocks := make([]blockInfo, 0, f.blocks)
	offset, last, i := int64(headerSize), began, len(indexMagic)
	bad := func(reason string) ([]blockInfo, *FormatError) {
		return nil, damage(f.at+int64(i), reason, remedyRepair)
	}
	for range f.blocks {
		var n [4]uint64
		for k := range n {
			x, size := binary.Uvarint(b[i:])
			if size <= 0 || x > math.MaxUint32 {
				return bad("the index is cut off")
			}
			n[k], i = x, i+size
		}
		first, size := binary.Varint(b[i:])
		if size <= 0 {
			return bad("the index is cut off")
		}
		i += size
		span, size := binary.Uvarint(b[i:])
		if size <= 0 {
			return bad("the index is cut off")
		}
		i += size
		block := blockInfo{offset: offset, records: uint32(n[2]), dropped: uint32(n[3]), first: last + first}
		block.latest = block.first + int64(span)
		switch {
		case offset+blockHeaderSize > f.at || n[0] > uint64(min(f.at-offset-blockHeaderSize, maxBody)):
			return bad("the index has a block that is longer than the file")
		case n[1] > maxRaw || n[1] > n[0]<<15 || n[2] > n[1]/minRecord:
			return bad("the index has a block that the format does not allow")
		case block.latest < block.first:
			return bad("the times of a block contradict each other")
		}
		block.body, block.raw = int(n[0]), int(n[1])
		count, size := binary.Uvarint(b[i:])
		if size <= 0 || count > uint64(len(b)-i) {
			return bad("the index is cut off")
		}
		i += size
		start, next := i, uint64(0)
		for range count {
			gap, size := binary.Uvarint(b[i:])
			if size <= 0 || gap > maxShard || next+gap > maxShard {
				return bad("the index has a shard that cannot be")
			}
			next += gap + 1
			i += size
		}
		block.shards = b[start:i:i]
		last, offset = block.first, block.end()
		blocks = append(blocks, block)
	}
	if i != len(b) || offset != f.at {
		return bad("the index does not end where the blocks do")
	}
	return blocks, nil
}
