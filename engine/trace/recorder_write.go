package trace

import (
	"crypto/rand"
	"errors"
	"os"
	"time"

	"github.com/klauspost/compress/zstd"
)

// files are those of one recording: the present one, and the names of those that are still there.
type files struct {
	path    string
	options *Options
	encoder *zstd.Encoder
	redact  *Redactor // nil: nothing is redacted
	file    *file
	number  int // of the present file's name
	count   int // of files that were begun
	kept    []string
	past    int64 // bytes of the files before
}

func newFiles(path string, o *Options) (*files, error) {
	fs := &files{path: path, options: o, encoder: newEncoder(o.Fast)}
	if !o.Unredacted {
		key := o.Key
		if key == nil {
			key = make([]byte, 32)
			rand.Read(key)
		}
		fs.redact = NewRedactor(key)
	}
	return fs, fs.open()
}

// open begins the next file. With rotation, names that an earlier recording took are passed over.
func (fs *files) open() (err error) {
	for {
		fs.number++
		name := rotated(fs.path, fs.number)
		fs.file, err = createFile(name, fs.options.header(), fs.encoder)
		if errors.Is(err, os.ErrExist) && fs.options.Rotate && fs.number < maxNumber {
			continue
		}
		if err != nil {
			return err
		}
		fs.count++
		fs.kept = append(fs.kept, name)
		return nil
	}
}

// maxNumber bounds the search for a name that is free.
const maxNumber = 1_000_000

// rotate ends the present file and begins the next.
func (fs *files) rotate() error {
	last := fs.file
	fs.file = nil
	if err := last.close(); err != nil {
		return err
	}
	fs.past += last.offset
	if err := fs.open(); err != nil {
		return err
	}
	for fs.options.Keep > 0 && len(fs.kept) > fs.options.Keep {
		if err := os.Remove(fs.kept[0]); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
		fs.kept = fs.kept[1:]
	}
	return nil
}

// write is the recorder's goroutine: it writes blocks until the last.
func (r *Recorder) write() {
	fs := r.files
	defer close(r.ended)
	tick := time.NewTicker(r.options.FlushEvery)
	defer tick.Stop()
	due := false // the present file has ended, and the next one begins with the next block
	for {
		select {
		case b, more := <-r.full:
			if !more {
				r.end(fs)
				return
			}
			var err error
			if due {
				err, due = fs.rotate(), false
			}
			if err == nil {
				err = r.writeBlock(fs, b)
			}
			due = b.ends && r.options.Rotate
			r.wrote(fs, b, err)
		case <-tick.C:
			r.mu.Lock()
			if b := r.current; !r.over && b != nil && len(b.raw) > 0 {
				b.part = true
				r.hand()
			}
			r.mu.Unlock()
		}
	}
}

// writeBlock redacts a block, if that is wanted, and writes it.
func (r *Recorder) writeBlock(fs *files, b *block) error {
	if fs.file == nil {
		return errWriting
	}
	if fs.redact != nil {
		b.raw = fs.redact.block(b.raw)
	}
	if b.part || fs.file.open != nil {
		return fs.file.add(b.raw, b.first, b.dropped)
	}
	return fs.file.writeBlock(b.raw, b.first, b.dropped)
}

// wrote gives the block's memory back, and notes what came of it.
func (r *Recorder) wrote(fs *files, b *block, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stats.Waiting--
	switch {
	case err != nil:
		r.stats.Events -= b.records
		r.stats.Dropped += b.records
		if r.stats.Err == nil {
			r.stats.Err = err
		}
		r.finish()
	default:
		r.stats.Files, r.stats.Path = fs.count, fs.file.path
		r.stats.Written = uint64(fs.past + fs.file.offset)
		r.cut = r.cut || r.options.MaxBytes > 0 && fs.file.offset >= r.options.MaxBytes && b.file == r.file
	}
	if cap(b.raw) > 2*blockSize || len(r.free) >= keptBlocks {
		b.raw = nil // a single large payload had it, or a time in which the disk was slow
	}
	*b = block{raw: b.raw[:0]}
	r.free = append(r.free, b)
}

// keptBlocks is of how many free blocks the memory is kept.
const keptBlocks = 4

// end closes the last file.
func (r *Recorder) end(fs *files) {
	var err error
	if fs.file != nil {
		err = fs.file.close()
	}
	r.mu.Lock()
	if r.stats.Err == nil {
		r.stats.Err = err
	}
	r.err = r.stats.Err
	r.mu.Unlock()
	fs.encoder.Close()
}
