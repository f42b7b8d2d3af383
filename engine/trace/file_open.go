package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// openBlock is the last block of a file, to which records are still added. Where events are few this keeps
// blocks large, and yet what was recorded is soon in the file.
type openBlock struct {
	info blockInfo // with what is in it until now
	last int64     // µs: the time of the last record
	crc  uint32    // of the body until now
	buf  bytes.Buffer
}

// add writes records so that they are in the file at once: in a block of their own if they are many, and
// otherwise in the open one.
func (t *file) add(raw []byte, first int64, dropped uint32) error {
	if t.err != nil {
		return t.err
	}
	if len(raw) == 0 || t.open == nil && len(raw) >= blockSize/2 {
		return t.writeBlock(raw, first, dropped)
	}
	o := t.open
	if o == nil {
		o = &openBlock{info: blockInfo{offset: t.offset, first: first, latest: first}, last: first}
		head := appendBlockHeader(t.out[:0], &blockHeader{open: true, dropped: dropped, first: first, latest: first})
		if err := t.extend(head); err != nil {
			return err
		}
		t.offset += blockHeaderSize
		t.open = o
		t.encoder.Reset(&o.buf)
	}
	// The first record's difference is 0, in one byte. In the open block it counts from the one before.
	t.out = binary.AppendVarint(t.out[:0], first-o.last)
	t.out = append(t.out, raw[1:]...)
	last, err := t.survey(&o.info, t.out, o.last)
	if err != nil {
		return err
	}
	o.last = last
	o.info.dropped += dropped
	o.info.raw += len(t.out)
	_, _ = t.encoder.Write(t.out) // into memory
	_ = t.encoder.Flush()
	if err := t.drain(); err != nil {
		return err
	}
	if o.info.raw >= blockSize {
		return t.finish()
	}
	return nil
}

// drain writes what the encoder made of the open block.
func (t *file) drain() error {
	o := t.open
	if err := t.extend(o.buf.Bytes()); err != nil {
		return err
	}
	o.crc = crc32.Update(o.crc, castagnoli, o.buf.Bytes())
	o.info.body += o.buf.Len()
	t.offset += int64(o.buf.Len())
	o.buf.Reset()
	return nil
}

// extend appends to the file. Where that fails, what was written is taken back as far as the disk allows.
func (t *file) extend(b []byte) error {
	if _, err := t.f.Write(b); err != nil {
		_ = t.f.Truncate(t.offset)
		_, _ = t.f.Seek(t.offset, io.SeekStart)
		return t.failed(err)
	}
	return nil
}

// finish ends the open block, if there is one: its frame, and then its header, which tells that it is whole.
func (t *file) finish() error {
	o := t.open
	if o == nil || t.err != nil {
		return t.err
	}
	_ = t.encoder.Close() // into memory
	if err := t.drain(); err != nil {
		return err
	}
	t.noteShards(&o.info)
	head := appendBlockHeader(t.out[:0], &blockHeader{
		body: o.info.body, raw: o.info.raw, records: o.info.records, dropped: o.info.dropped, crc: o.crc,
		first: o.info.first, latest: o.info.latest,
	})
	if _, err := t.f.WriteAt(head, o.info.offset); err != nil {
		return t.failed(err)
	}
	t.blocks = append(t.blocks, o.info)
	t.open = nil
	return nil
}

// loadOpen reads what there is of the open block b, which ends the file, and fills in what is known of it then.
// It returns an error of the disk alone.
func (r *Reader) loadOpen(b *blockInfo, m *memory) error {
	if err := m.decoder.Reset(io.NewSectionReader(r.src, b.offset+blockHeaderSize, r.size-b.offset-blockHeaderSize)); err != nil {
		return fmt.Errorf("trace: cannot read %s at offset %d: %w", r.name, b.offset, err)
	}
	defer m.decoder.Reset(nil)
	m.raw = m.raw[:0]
	for len(m.raw) < maxRaw {
		if len(m.raw) == cap(m.raw) {
			m.raw = append(m.raw, make([]byte, max(blockSize, cap(m.raw)))...)[:len(m.raw)]
		}
		n, err := m.decoder.Read(m.raw[len(m.raw):min(cap(m.raw), maxRaw)])
		m.raw = m.raw[:len(m.raw)+n]
		if err != nil {
			break // the end of what there is, or of what is whole
		}
	}
	var rr rawRecord
	b.records, b.raw, b.latest = 0, 0, b.first
	at := b.first
	for b.raw < len(m.raw) {
		n := parseRecord(&rr, m.raw[b.raw:])
		if n == 0 {
			break
		}
		b.raw += n
		b.records++
		at += rr.delta
		b.latest = max(b.latest, at)
	}
	m.raw = m.raw[:b.raw]
	b.body = int(min(r.size-b.offset-blockHeaderSize, maxBody))
	return nil
}
