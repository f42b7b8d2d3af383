package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

const (
	// maxSessionFile is how large a session file may be: enough for gateway.MaxShards.
	maxSessionFile = 256 << 20

	// lockTimeout is how long Load waits for another process to let go of the
	// file, and lockPoll how often it looks.
	lockTimeout = 30 * time.Second
	lockPoll    = 50 * time.Millisecond
)

// ErrInUse is returned by [File.Load] when another process has
// used the file for 30 s.
var ErrInUse = errors.New("engine: another process uses the session file; give each process a file of its own, or end the other one first")

// DamagedError says that saved sessions cannot be read. They were put
// aside, for a look at them, and the engine goes on without.
type DamagedError struct {
	Aside string // where they are now
	Err   error  // what is wrong with them
}

// Error implements error.
func (e *DamagedError) Error() string {
	return "engine: the saved sessions are damaged, and were set aside as " + e.Aside + ": " + e.Err.Error()
}

// Unwrap returns what is wrong.
func (e *DamagedError) Unwrap() error { return e.Err }

// File is the [Store] in a file, with mode 0600. Beside it lies its
// lock, with the ending .lock, which stays there and may be ignored.
//
// Whatever happens, the file holds the newest snapshot or the one before. A save
// writes a new file, ending in .tmp, has the system bring it to the disk, and renames
// it over the old one. Where no other file can take its place, because it is a mount
// point (as in a container that mounts a single file), has several names (hard links),
// or lies in a directory that takes no new files, a save writes into the file itself;
// for a moment it then holds both snapshots. A file that cannot be read is set aside,
// with the ending .damaged- and the time.
//
// Symbolic links are followed when the use of the file begins, also to a file that does
// not exist yet: what they lead to is locked and written, and a link that is changed
// later counts from the next use on. The use ends with Close or with the process.
//
// A process that starts before the one that it replaces has ended waits for it
// in Load, for 30 s at most. On systems that lack flock and are not Windows (AIX,
// Plan 9, Solaris, WebAssembly), nothing keeps two processes from using one file.
type File struct {
	path string

	mu  sync.Mutex
	use *sessionFile // nil: not in use
}

// NewFile returns a store in the file of that name, which need not exist;
// its directory must.
func NewFile(path string) *File { return &File{path: path} }

// filesInUse holds every *File that is in use, so that the garbage collector
// never closes the files of one that nobody refers to any more: their locks would end.
var filesInUse sync.Map

// open begins the use of the file.
func (f *File) open(ctx context.Context) (err error) {
	if f.use != nil {
		return nil
	}
	if f.use, err = openSessions(ctx, f.path); err != nil {
		f.use = nil
		return err
	}
	filesInUse.Store(f, nil)
	return nil
}

// Load implements [Store].
func (f *File) Load(ctx context.Context) (*Snapshot, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.open(ctx); err != nil {
		return nil, err
	}
	text, err := f.use.read(ctx)
	if err != nil {
		return nil, f.failed("read", err)
	}
	if len(text) == 0 {
		return nil, nil // there is none, or it was made by who chose the name
	}
	saved, err := Parse(newestSnapshot(text))
	if err == nil {
		return saved, nil
	}
	aside, asideErr := f.use.setAside(text)
	if asideErr != nil {
		return nil, fmt.Errorf("engine: the session file is damaged, and cannot be set aside; move %s away: %w", f.path, errors.Join(err, asideErr))
	}
	return nil, &DamagedError{Aside: aside, Err: err}
}

// Save implements [Store].
func (f *File) Save(ctx context.Context, s *Snapshot) error {
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
	if err := f.use.write(ctx, text); err != nil {
		return f.failed("write", err)
	}
	return nil
}

// failed makes an error of what became of the file.
func (f *File) failed(what string, err error) error {
	return fmt.Errorf("engine: cannot %s the session file %s: %w%s", what, f.path, err, fileRemedy(err))
}

// Close implements [Store].
func (f *File) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	use := f.use
	f.use = nil
	if use == nil {
		return nil
	}
	filesInUse.Delete(f)
	return use.close()
}
