package trace

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"os"
)

// Repaired is what [Repair] found and did.
type Repaired struct {
	Whole   bool  // the file was in order, and nothing was changed
	Blocks  int   // that are whole
	Records int64 // in them
	Skipped int64 // bytes between whole blocks that are damaged, and are passed over from now on
	Removed int64 // bytes behind the last whole block: half a block, or a damaged index
}

// Repair gives a file an index again, in place: one whose process was killed, or that is damaged. Every
// block that is whole stays. A file in order is not touched. Nobody may write the file meanwhile.
func Repair(path string) (done Repaired, err error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return done, fmt.Errorf("trace: cannot open the file to repair it: %w", err)
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return done, fmt.Errorf("trace: cannot look at %s: %w", path, err)
	}
	if r, err := newReader(path, f, info.Size()); err == nil && r.indexed && r.sound() == nil {
		return Repaired{Whole: true, Blocks: len(r.blocks), Records: r.Records()}, nil
	}
	r := &Reader{name: path, src: f, size: info.Size()}
	if err := r.readHeader(); err != nil {
		return done, err
	}
	if err := r.salvage(); err != nil {
		return done, err
	}
	for i := range r.blocks {
		b := &r.blocks[i]
		if b.open {
			if err := r.settle(f, b); err != nil {
				return done, err
			}
		}
		if b.raw > 0 || b.body == 0 {
			done.Blocks++
			continue
		}
		done.Skipped += blockHeaderSize + int64(b.body)
		if err := r.fence(f, b); err != nil {
			return done, err
		}
	}
	done.Records, done.Removed = r.Records(), r.truncated
	end := int64(headerSize)
	if n := len(r.blocks); n > 0 {
		end = r.blocks[n-1].end()
	}
	if err := f.Truncate(end); err != nil {
		return done, fmt.Errorf("trace: cannot cut %s at offset %d: %w", path, end, err)
	}
	if _, err := f.WriteAt(appendIndex(nil, r.header.Began.UnixMicro(), r.blocks, end), end); err != nil {
		_ = f.Truncate(end)
		return done, fmt.Errorf("trace: cannot write the index of %s at offset %d: %w; its blocks can be read all the same", path, end, err)
	}
	return done, f.Sync()
}

// sound reads everything, and returns what is wrong.
func (r *Reader) sound() error {
	for _, err := range r.All() {
		if err != nil {
			return err
		}
	}
	return nil
}

// salvage finds every block that is whole. What is damaged between two of them becomes a block without
// records.
func (r *Reader) salvage() error {
	s := salvager{memory: memories.Get().(*memory)}
	defer s.release()
	off := int64(headerSize)
	for {
		b, whole, err := s.try(r, off)
		if err != nil {
			return err
		}
		if !whole {
			next, err := r.findBlock(off + blockHeaderSize)
			if err != nil {
				return err
			}
			if next < 0 {
				r.truncated = r.size - off
				return nil
			}
			gap := next - off - blockHeaderSize
			if gap > maxBody { // several blocks, with room for the header of the next
				gap = maxBody - blockHeaderSize
			}
			b = blockInfo{offset: off, body: int(gap), shards: []byte{}, dropped: b.dropped}
		}
		r.blocks = append(r.blocks, b)
		off = b.end()
	}
}

// salvager is memory for reading blocks.
type salvager struct {
	*memory
	set shardSet
}

// try reads the block at off, with the shards in it. One that is not whole has only the number of events
// that are missing because of it.
func (s *salvager) try(r *Reader, off int64) (b blockInfo, whole bool, err error) {
	b, ok, err := r.blockAt(off)
	if err != nil || !ok {
		return b, false, err
	}
	if b.open {
		err := r.loadOpen(&b, s.memory)
		s.note(b.raw)
		b.shards = appendShards([]byte{}, s.set.take())
		return b, b.records > 0, err
	}
	lost := blockInfo{dropped: uint32(min(uint64(b.dropped)+uint64(b.records), math.MaxUint32))}
	if err := r.load(&b, s.memory); err != nil {
		var format *FormatError
		if errors.As(err, &format) {
			return lost, false, nil
		}
		return b, false, err
	}
	records, end := s.note(b.raw)
	b.shards = appendShards([]byte{}, s.set.take())
	if end < b.raw || records != b.records {
		return lost, false, nil
	}
	return b, true, nil
}

// note collects the shards of the records in memory, and returns how many there are, and where they end.
func (s *salvager) note(length int) (records uint32, end int) {
	var rr rawRecord
	for end < length {
		n := parseRecord(&rr, s.raw[end:length])
		if n == 0 {
			break
		}
		end += n
		records++
		s.set.add(rr.shard)
	}
	return records, end
}

// findBlock returns the first position from off on at which a block may begin; −1 if there is none.
func (r *Reader) findBlock(off int64) (int64, error) {
	const step = 64 << 10
	buf := make([]byte, step+blockHeaderSize)
	for ; off+blockHeaderSize <= r.size; off += step {
		b := buf[:min(int64(len(buf)), r.size-off)]
		if err := r.readAt(b, off); err != nil {
			return -1, err
		}
		for i := 0; i < step; i++ {
			k := bytes.Index(b[i:], []byte(blockMagic))
			if i += k; k < 0 || i >= step || len(b)-i < blockHeaderSize {
				break
			}
			at := off + int64(i)
			if _, e := parseBlockHeader(b[i:], at, r.size-at-blockHeaderSize); e == nil {
				return at, nil
			}
		}
	}
	return -1, nil
}

// settle makes a whole block of the open one at the end of the file.
func (r *Reader) settle(f *os.File, b *blockInfo) error {
	m := memories.Get().(*memory)
	defer m.release()
	if err := r.loadOpen(b, m); err != nil {
		return err
	}
	block := newEncoder(false).EncodeAll(m.raw, make([]byte, blockHeaderSize))
	body := block[blockHeaderSize:]
	b.open, b.body = false, len(body)
	appendBlockHeader(block[:0], &blockHeader{body: b.body, raw: b.raw, records: b.records, dropped: b.dropped, crc: crc32.Checksum(body, castagnoli), first: b.first, latest: b.latest})
	if _, err := f.WriteAt(block, b.offset); err != nil {
		return fmt.Errorf("trace: cannot write to %s at offset %d: %w", r.name, b.offset, err)
	}
	return nil
}

// fence writes the header that has a damaged block passed over.
func (r *Reader) fence(f *os.File, b *blockInfo) error {
	sum := crc32.New(castagnoli)
	if _, err := io.Copy(sum, io.NewSectionReader(f, b.offset+blockHeaderSize, int64(b.body))); err != nil {
		return fmt.Errorf("trace: cannot read %s at offset %d: %w", r.name, b.offset, err)
	}
	head := appendBlockHeader(nil, &blockHeader{body: b.body, dropped: b.dropped, crc: sum.Sum32()})
	if _, err := f.WriteAt(head, b.offset); err != nil {
		return fmt.Errorf("trace: cannot write to %s at offset %d: %w", r.name, b.offset, err)
	}
	return nil
}
