package trace

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"sort"
	"time"
)

// A Reader reads a trace. Its methods may be called by several goroutines at a time; each sequence that
// they return is for one goroutine, and may be gone through again.
type Reader struct {
	name   string
	src    io.ReaderAt
	closer io.Closer // nil: nothing is to be closed
	size   int64

	header    Header
	blocks    []blockInfo
	indexed   bool
	truncated int64 // bytes behind the last whole block of a file without an index
}

// Open opens a file. The error is a [*FormatError] for what is no trace, is damaged, or is of another
// version; the file stays open until Close.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("trace: cannot open the file: %w", err)
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("trace: %s is no regular file: a trace is read from its end too", path)
	}
	var r *Reader
	if err == nil {
		r, err = newReader(path, f, info.Size())
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.closer = f
	return r, nil
}

// NewReader reads a trace of size bytes from anywhere.
func NewReader(src io.ReaderAt, size int64) (*Reader, error) { return newReader("", src, size) }

// newReader reads the header and the index or, without one, the headers of the blocks.
func newReader(name string, src io.ReaderAt, size int64) (*Reader, error) {
	r := &Reader{name: name, src: src, size: size}
	if err := r.readHeader(); err != nil {
		return nil, err
	}
	if err := r.readIndex(); err != nil {
		return nil, err
	}
	if !r.indexed {
		if err := r.scan(); err != nil {
			return nil, err
		}
	}
	return r, nil
}

func (r *Reader) readHeader() error {
	b := make([]byte, min(headerSize, max(r.size, 0)))
	if err := r.readAt(b, 0); err != nil {
		return err
	}
	h, e := parseHeader(b)
	r.header = h
	return e.in(r.name)
}

// readIndex reads the index, if there is one.
func (r *Reader) readIndex() error {
	if r.size < headerSize+footerSize {
		return nil
	}
	b := make([]byte, footerSize)
	if err := r.readAt(b, r.size-footerSize); err != nil {
		return err
	}
	f, ok, e := parseFooter(b, r.size)
	if !ok || e != nil {
		return e.in(r.name)
	}
	index := make([]byte, f.length)
	if err := r.readAt(index, f.at); err != nil {
		return err
	}
	r.blocks, e = parseIndex(index, f, r.header.Began.UnixMicro())
	r.indexed = true
	return e.in(r.name)
}

// readAt reads the whole of b.
func (r *Reader) readAt(b []byte, off int64) error {
	n, err := r.src.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		return damage(off+int64(n), "the file is shorter than it was a moment ago", "read it when nobody writes it any more").in(r.name)
	}
	return fmt.Errorf("trace: cannot read %s at offset %d: %w", r.name, off, err)
}

// scan finds the blocks of a file that was not closed by their headers. What cannot be a block ends it, and
// so does a last block whose body has not reached the disk.
func (r *Reader) scan() error {
	off := int64(headerSize)
	for {
		block, ok, err := r.blockAt(off)
		if err != nil {
			return err
		}
		if ok && block.open {
			return r.scanOpen(block)
		}
		if ok && block.end()+blockHeaderSize > r.size { // the last one
			ok, err = r.whole(&block)
			if err != nil {
				return err
			}
		}
		if !ok {
			r.truncated = r.size - off
			return nil
		}
		r.blocks = append(r.blocks, block)
		off = block.end()
	}
}

// scanOpen takes the open block at the end of the file in.
func (r *Reader) scanOpen(b blockInfo) error {
	m := memories.Get().(*memory)
	defer m.release()
	if err := r.loadOpen(&b, m); err != nil {
		return err
	}
	if b.records > 0 {
		r.blocks = append(r.blocks, b)
	} else {
		r.truncated = r.size - b.offset
	}
	return nil
}

// blockAt reads the header at off; ok is false where there is none.
func (r *Reader) blockAt(off int64) (b blockInfo, ok bool, err error) {
	if off+blockHeaderSize > r.size {
		return b, false, nil
	}
	head := make([]byte, blockHeaderSize)
	if err := r.readAt(head, off); err != nil {
		return b, false, err
	}
	h, e := parseBlockHeader(head, off, r.size-off-blockHeaderSize)
	if e != nil {
		return b, false, nil
	}
	return blockInfo{offset: off, body: h.body, raw: h.raw, records: h.records, dropped: h.dropped, first: h.first, latest: h.latest, open: h.open}, true, nil
}

// whole reports whether a block can be decompressed.
func (r *Reader) whole(b *blockInfo) (bool, error) {
	m := memories.Get().(*memory)
	defer m.release()
	err := r.load(b, m)
	var format *FormatError
	if errors.As(err, &format) {
		return false, nil
	}
	return err == nil, err
}

// load reads and decompresses a block.
func (r *Reader) load(b *blockInfo, m *memory) error {
	if b.open {
		again := *b
		return r.loadOpen(&again, m)
	}
	n := blockHeaderSize + b.body
	if cap(m.body) < n {
		m.body = make([]byte, n)
	}
	buf := m.body[:n]
	if err := r.readAt(buf, b.offset); err != nil {
		return err
	}
	h, e := parseBlockHeader(buf, b.offset, int64(b.body))
	if e == nil && (h.open || h.body != b.body || h.raw != b.raw || h.records != b.records || h.dropped != b.dropped || h.first != b.first || h.latest != b.latest) {
		e = damage(b.offset, "a block is not what the index says", remedyRepair)
	}
	if e == nil {
		e = m.decode(buf[blockHeaderSize:], &h, b.offset)
	}
	return e.in(r.name)
}

// Header returns what the file says of itself.
func (r *Reader) Header() Header { return r.header }

// Size returns the file's length in bytes.
func (r *Reader) Size() int64 { return r.size }

// Complete reports whether the file was closed, and has an index.
func (r *Reader) Complete() bool { return r.indexed }

// Truncated returns how many bytes stand behind the last whole block of a file that was not closed.
func (r *Reader) Truncated() int64 { return r.truncated }

// Records returns the number of records.
func (r *Reader) Records() (n int64) {
	for i := range r.blocks {
		n += int64(r.blocks[i].records)
	}
	return n
}

// Dropped returns how many records were left out because the disk did not keep up.
func (r *Reader) Dropped() (n int64) {
	for i := range r.blocks {
		n += int64(r.blocks[i].dropped)
	}
	return n
}

// Raw returns the bytes of all records, decompressed.
func (r *Reader) Raw() (n int64) {
	for i := range r.blocks {
		n += int64(r.blocks[i].raw)
	}
	return n
}

// Span returns the times of the first record and of the latest; both are zero where there is none.
func (r *Reader) Span() (first, latest time.Time) {
	for i := range r.blocks {
		b := &r.blocks[i]
		if b.records == 0 {
			continue
		}
		if first.IsZero() {
			first = time.UnixMicro(b.first)
		}
		if at := time.UnixMicro(b.latest); at.After(latest) {
			latest = at
		}
	}
	return first, latest
}

// All returns every record, in the order in which they were recorded. The record and its bytes are borrowed
// until the next one. An error ends the sequence; its record is nil.
func (r *Reader) All() iter.Seq2[*Record, error] { return r.from(0, -1, 0) }

// At returns the records from a time on: those of which the earlier ones are at most as old, in the order in
// which they were recorded. It begins to read at the block that the time lies in.
func (r *Reader) At(t time.Time) iter.Seq2[*Record, error] {
	us := t.UnixMicro()
	// The latest time up to each block only grows, so that the first block that reaches t can be searched for.
	latest := make([]int64, len(r.blocks))
	for i := range r.blocks {
		if r.blocks[i].records > 0 {
			latest[i] = r.blocks[i].latest
		}
		if i > 0 {
			latest[i] = max(latest[i], latest[i-1])
		}
	}
	return r.from(sort.Search(len(latest), func(i int) bool { return latest[i] >= us }), -1, us)
}

// Shard returns the records of one shard. Blocks without any are not read where the file has an index.
func (r *Reader) Shard(shard int) iter.Seq2[*Record, error] { return r.from(0, shard, 0) }

// from returns the records from a block on, of one shard unless that is negative, and not before a time.
func (r *Reader) from(block, shard int, since int64) iter.Seq2[*Record, error] {
	return func(yield func(*Record, error) bool) {
		m := memories.Get().(*memory)
		defer m.release()
		var (
			rec Record
			rr  rawRecord
		)
		for k := block; k < len(r.blocks); k++ {
			b := &r.blocks[k]
			if b.records == 0 || shard >= 0 && !b.hasShard(shard) {
				continue
			}
			if err := r.load(b, m); err != nil {
				yield(nil, err)
				return
			}
			raw, at, left := m.raw, b.first, b.records
			for i := 0; i < len(raw) || left > 0; left-- {
				n := parseRecord(&rr, raw[i:])
				if n == 0 || left == 0 {
					yield(nil, damage(b.offset, "byte "+itoa(int64(i))+" of a block, decompressed, begins no record", remedyRepair).in(r.name))
					return
				}
				i += n
				at += rr.delta
				if shard >= 0 && rr.shard != shard || at < since {
					continue
				}
				rr.fill(&rec, at)
				if !yield(&rec, nil) {
					return
				}
			}
		}
	}
}

// Close closes the file that Open opened.
func (r *Reader) Close() error {
	if r.closer == nil {
		return nil
	}
	return r.closer.Close()
}
