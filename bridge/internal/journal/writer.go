package journal

import (
	"errors"
	"os"
)

// Writer writes a journal to a file. It is for one goroutine at a time.
type Writer struct {
	*Stream
	name string
	f    *os.File
	base int64 // of the snapshot
}

// suffix is behind the name of a journal whose snapshot is being written.
const suffix = ".new"

// Create begins a journal beside the one of that name, which stays until Commit.
func Create(name string) (*Writer, error) {
	f, err := os.OpenFile(name+suffix, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	w := &Writer{name: name, f: f}
	if w.Stream, err = NewStream(f); err != nil {
		return nil, errors.Join(err, w.Abort())
	}
	return w, nil
}

// Commit ends the snapshot, and puts the journal in the place of the one before. More may be appended. On an error
// the one before is still there, and the Writer is of no use any more.
func (w *Writer) Commit(before *Writer) error {
	err := w.Append(Start)
	if err == nil {
		err = w.f.Sync()
	}
	// An open file cannot be renamed everywhere.
	err = errors.Join(err, w.f.Close())
	if err != nil {
		return errors.Join(err, os.Remove(w.name+suffix))
	}
	if before != nil {
		_ = before.Close() // it is replaced
	}
	if err := os.Rename(w.name+suffix, w.name); err != nil {
		return errors.Join(err, os.Remove(w.name+suffix))
	}
	w.f, err = os.OpenFile(w.name, os.O_WRONLY|os.O_APPEND, 0o600)
	w.base, w.out = w.size, w.f
	return err
}

// Abort ends a journal that is not committed, and removes it.
func (w *Writer) Abort() error { return errors.Join(w.f.Close(), os.Remove(w.name+suffix)) }

// Close ends a journal that is committed.
func (w *Writer) Close() error { return w.f.Close() }

// Grown returns how many bytes lie behind the snapshot, and Base how many the snapshot has.
func (w *Writer) Grown() int64 { return w.size - w.base }

// Base returns the length of the snapshot in bytes.
func (w *Writer) Base() int64 { return w.base }
