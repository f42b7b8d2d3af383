package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"
)

const (
	// maxSessionFile is how large a session file may be: enough for maxShards.
	maxSessionFile = 256 << 20

	// lockTimeout is how long Load waits for another process to let go of the
	// file, and lockPoll how often it looks.
	lockTimeout = 30 * time.Second
	lockPoll    = 50 * time.Millisecond
)

// ErrSessionsInUse is returned by [FileSessions.Load] when another process has
// used the file for 30 s.
var ErrSessionsInUse = errors.New("engine: another process uses the session file; give each process a file of its own, or end the other one first")

// errLocked is why lockFile gave no lock.
var errLocked = errors.New("locked by another process")

// DamagedSessionsError says that saved sessions cannot be read. They were put
// aside, for a look at them, and the engine goes on without.
type DamagedSessionsError struct {
	Aside string // where they are now
	Err   error  // what is wrong with them
}

// Error implements error.
func (e *DamagedSessionsError) Error() string {
	return "engine: the saved sessions are damaged, and were set aside as " + e.Aside + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *DamagedSessionsError) Unwrap() error { return e.Err }

// FileSessions is the [SessionStore] in a file, with mode 0600. Beside it lies its
// lock, with the ending .lock, which stays there and may be ignored.
//
// A save writes a new file, ending in .tmp, has the system bring it to the disk,
// and renames it over the old one: whatever happens, the file holds the newest
// snapshot or the one before. A file that cannot be read is renamed, with the
// ending .damaged- and the time. On systems that lack flock and are not Windows,
// nothing keeps two processes from using one file.
//
// A process that starts before the one that it replaces has ended waits for it
// in Load, for 30 s at most.
type FileSessions struct {
	path string

	mu   sync.Mutex
	lock io.Closer // nil: not in use
}

// NewFileSessions returns a store in the file of that name, which need not exist;
// its directory must.
func NewFileSessions(path string) *FileSessions { return &FileSessions{path: path} }

// Load implements [SessionStore].
func (f *FileSessions) Load(ctx context.Context) (*Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	text, err := readAll(f.path, maxSessionFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("engine: cannot read the session file: %w", err)
	}
	if len(text) == 0 {
		return nil, nil // made by who chose the name
	}
	saved, err := ParseSnapshot(text)
	if err != nil {
		return nil, f.setAside(err)
	}
	return saved, nil
}

// open takes the lock. It looks at the file before: a directory needs no lock
// beside it, and the opening of a pipe would wait for a writer.
func (f *FileSessions) open(ctx context.Context) error {
	if f.lock != nil {
		return nil
	}
	if info, err := os.Stat(f.path); err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("engine: cannot use the session file: %s is no regular file", f.path)
	}
	late := time.Now().Add(lockTimeout)
	for {
		lock, err := lockFile(f.path + ".lock")
		if err == nil {
			f.lock = lock
			return nil
		}
		if err != errLocked {
			return fmt.Errorf("engine: cannot use the session file: %w", err)
		}
		if time.Now().After(late) {
			return fmt.Errorf("%w (%s)", ErrSessionsInUse, f.path)
		}
		if err := await(ctx, nil, lockPoll); err != nil {
			return err
		}
	}
}

// readAll reads a file that is no longer than limit.
func readAll(path string, limit int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err == nil && int64(len(text)) > limit {
		err = fmt.Errorf("%s is longer than %d bytes", path, limit)
	}
	return text, err
}

// setAside renames a file that makes no sense.
func (f *FileSessions) setAside(why error) error {
	aside := f.path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000Z")
	if err := os.Rename(f.path, aside); err != nil {
		return fmt.Errorf("engine: the session file is damaged, and cannot be set aside: %w", errors.Join(why, err))
	}
	return &DamagedSessionsError{Aside: aside, Err: why}
}

// Save implements [SessionStore].
func (f *FileSessions) Save(ctx context.Context, s *Snapshot) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(ctx); err != nil {
		return err
	}
	text, err := s.AppendText(make([]byte, 0, 512+256*len(s.Sessions)))
	if err == nil && len(text) > maxSessionFile {
		err = fmt.Errorf("engine: the sessions take %d bytes, more than %d", len(text), maxSessionFile)
	}
	if err != nil {
		return err
	}
	if err := f.replace(text); err != nil {
		return fmt.Errorf("engine: cannot write the session file: %w", err)
	}
	return nil
}

// replace writes a new file over the old one, wholly or not at all.
func (f *FileSessions) replace(text []byte) error {
	next := f.path + ".tmp"
	// What a process that was killed left behind goes first, so that the file is
	// this one's own, with this one's mode.
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	if err == nil {
		err = file.Sync() // or a power cut could leave the new name with old blocks
	}
	if err := errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(next)
		return err
	}
	if err := os.Rename(next, f.path); err != nil {
		_ = os.Remove(next)
		return err
	}
	// The rename is brought to the disk too, where directories can be; without,
	// a power cut could undo the newest save, and leave the one before.
	if dir, err := os.Open(filepath.Dir(f.path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// Close implements [SessionStore].
func (f *FileSessions) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	lock := f.lock
	f.lock = nil
	if lock == nil {
		return nil
	}
	return lock.Close()
}
