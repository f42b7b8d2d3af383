package trace

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// file is a trace that is being written: blocks behind a header. One goroutine may use it at a time.
type file struct {
	path    string
	f       *os.File
	encoder *zstd.Encoder
	began   int64
	offset  int64 // where the next block begins
	blocks  []blockInfo
	out     []byte // a block as it is written
	set     shardSet
	arena   []byte     // shards of the index
	open    *openBlock // nil: there is none
	err     error      // of the first write that failed
}

// createFile makes a file that must not exist, and writes its header.
func createFile(path string, h Header, encoder *zstd.Encoder) (*file, error) {
	if h.Began.IsZero() {
		h.Began = time.Now()
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return nil, fmt.Errorf("trace: %s exists already: name another file, or remove this one; nothing is written over what was recorded: %w", path, os.ErrExist)
	}
	if err != nil {
		return nil, fmt.Errorf("trace: cannot create the file: %w", err)
	}
	t := &file{path: path, f: f, encoder: encoder, began: h.Began.UnixMicro()}
	if _, err := f.Write(appendHeader(nil, h)); err != nil {
		return nil, errors.Join(t.failed(err), f.Close(), os.Remove(path))
	}
	t.offset = headerSize
	return t, nil
}

// failed remembers and returns what went wrong with a write.
func (t *file) failed(err error) error {
	if t.err == nil {
		t.err = fmt.Errorf("trace: cannot write to %s at offset %d: %w; make room, or write to another place: what stands before it can be read", t.path, t.offset, err)
	}
	return t.err
}

// writeBlock compresses the records raw and writes them as a block. Where that fails, what was written of
// the block is taken back as far as the disk allows.
func (t *file) writeBlock(raw []byte, first int64, dropped uint32) error {
	if t.err != nil {
		return t.err
	}
	if err := t.finish(); err != nil {
		return err
	}
	info := blockInfo{offset: t.offset, dropped: dropped}
	if len(raw) > 0 {
		info.first, info.latest = first, first
		if _, err := t.survey(&info, raw, first); err != nil {
			return err
		}
	}
	t.noteShards(&info)
	if len(raw) > 0 {
		t.out = t.encoder.EncodeAll(raw, append(t.out[:0], make([]byte, blockHeaderSize)...))
	} else {
		t.out = append(t.out[:0], make([]byte, blockHeaderSize)...)
	}
	body := t.out[blockHeaderSize:]
	info.body, info.raw = len(body), len(raw)
	appendBlockHeader(t.out[:0], &blockHeader{
		body: len(body), raw: len(raw), records: info.records, dropped: dropped,
		crc: crc32.Checksum(body, castagnoli), first: info.first, latest: info.latest,
	})
	if err := t.extend(t.out); err != nil {
		return err
	}
	t.offset += int64(len(t.out))
	t.blocks = append(t.blocks, info)
	if cap(t.out) > 4*blockSize {
		t.out = nil
	}
	return nil
}

// survey reads through records for the index; at is the time that the first one's difference counts from.
func (t *file) survey(info *blockInfo, raw []byte, at int64) (last int64, err error) {
	var r rawRecord
	for i := 0; i < len(raw); {
		n := parseRecord(&r, raw[i:])
		if n == 0 {
			return at, errors.New("trace: a block was made that cannot be read")
		}
		i += n
		at += r.delta
		info.latest = max(info.latest, at)
		info.records++
		t.set.add(r.shard)
	}
	return at, nil
}

// noteShards gives the block the shards that survey found.
func (t *file) noteShards(info *blockInfo) {
	start := len(t.arena)
	t.arena = appendShards(t.arena, t.set.take())
	info.shards = t.arena[start:len(t.arena):len(t.arena)]
}

// close ends the open block, writes the index and closes the file. It tries even if a write failed before, for
// a disk that is full may have room for an index.
func (t *file) close() error {
	_ = t.finish() // t has the error
	err := t.err
	if t.open == nil {
		index := appendIndex(nil, t.began, t.blocks, t.offset)
		if _, e := t.f.Write(index); e != nil {
			_ = t.f.Truncate(t.offset)
			if err == nil {
				err = t.failed(e)
			}
		} else if e := t.f.Sync(); e != nil && err == nil {
			err = t.failed(e)
		}
	}
	return errors.Join(err, t.f.Close())
}
