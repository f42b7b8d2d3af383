package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// This file is how the use of a session file begins: links are followed, what is no
// file is refused, and whoever else uses the file is waited for.

// maxLinks is how many symbolic links may lead to a file, as on Linux.
const maxLinks = 40

// errLocked is why there is no lock.
var errLocked = errors.New("locked by another process")

// sessionFile is a session file in use.
//
// Two things are locked. The file beside it is there before the first save, and stays
// the same over all of them. The lock on the file itself meets those for whom another
// file lies beside it: it can be mounted at two places, and have two names.
type sessionFile struct {
	path    string    // absolute; no link
	beside  io.Closer // nil: the directory takes no new files
	file    *os.File  // what is locked of path itself; nil: nothing
	inPlace bool      // no other file can be put in its place
}

// openSessions begins to use the file that a name leads to. It waits for another
// user, within ctx and lockTimeout.
func openSessions(ctx context.Context, name string) (*sessionFile, error) {
	unusable := func(err error) error {
		return fmt.Errorf("engine: cannot use the session file %s: %w%s", name, err, fileRemedy(err))
	}
	path, err := followLinks(name)
	if err != nil {
		return nil, unusable(err)
	}
	late := time.Now().Add(lockTimeout)
	for {
		s := &sessionFile{path: path}
		err := s.lock()
		if err == nil {
			return s, nil
		}
		err = errors.Join(err, s.close())
		if !errors.Is(err, errLocked) {
			return nil, unusable(err)
		}
		if time.Now().After(late) {
			return nil, fmt.Errorf("%w (%s)", ErrInUse, path)
		}
		if err := pause(ctx, lockPoll); err != nil {
			return nil, fmt.Errorf("engine: another process uses the session file %s: %w", path, err)
		}
	}
}

// pause waits, unless ctx ends.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// followLinks returns where a name leads: an absolute path, of which no part is a link,
// to a regular file or to nothing in a directory that exists. It opens nothing, for
// the opening of a pipe would wait for a writer.
func followLinks(name string) (path string, err error) {
	there, err := os.Stat(name)
	switch {
	case err == nil:
		err = checkRegular(there)
	case errors.Is(err, fs.ErrNotExist):
		err = nil // to be made
	}
	if err != nil {
		return "", err
	}
	path = name
	for links := 0; ; links++ {
		// Only Split leaves a ".." behind a link alone.
		dir, base := filepath.Split(path)
		if base == "" {
			return "", errors.New("the name ends in no file")
		}
		if dir, err = realDir(dir); err != nil {
			return "", err
		}
		path = filepath.Join(dir, base)
		info, err := os.Lstat(path)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			break
		}
		if links == maxLinks {
			return "", errors.New("it leads through too many links")
		}
		to, err := os.Readlink(path)
		if err != nil {
			return "", err
		}
		if path = to; !filepath.IsAbs(to) {
			path = dir + string(filepath.Separator) + to
		}
	}
	if there != nil {
		if found, err := os.Stat(path); err != nil || !os.SameFile(there, found) {
			return "", fmt.Errorf("it leads to a file without a name (%s is another)", path)
		}
	}
	return path, nil
}

// realDir returns the absolute path of a directory, without links where the system can
// tell.
func realDir(dir string) (string, error) {
	if dir == "" {
		dir = "."
	}
	if _, err := os.Stat(dir); err != nil {
		return "", err
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return filepath.Abs(dir)
}

// checkRegular says what a file is that sessions cannot be kept in.
func checkRegular(info fs.FileInfo) error {
	kind := ""
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		return errors.New("it is a directory; name a file in it")
	case mode&fs.ModeNamedPipe != 0:
		kind = "a pipe"
	case mode&fs.ModeSocket != 0:
		kind = "a socket"
	case mode&fs.ModeDevice != 0:
		kind = "a device"
	default:
		kind = "no regular file"
	}
	return fmt.Errorf("it is %s, which keeps nothing; name a file, which need not exist", kind)
}

// lock makes this process the one user of the file, or returns errLocked.
func (s *sessionFile) lock() (err error) {
	s.beside, err = lockFile(s.path + ".lock")
	takesNoFiles := err != nil && isAny(err, refusesFiles)
	if err != nil && !takesNoFiles {
		return err
	}
	var fileErr error
	if s.file, fileErr = lockContent(s.path); fileErr != nil {
		return fileErr
	}
	switch {
	case s.file == nil && takesNoFiles:
		return err // nothing can be locked
	case s.file != nil:
		info, err := s.file.Stat()
		if err != nil {
			return err
		}
		s.inPlace = takesNoFiles || names(info) > 1
	}
	if !takesNoFiles {
		return nil
	}
	file, err := os.OpenFile(s.path, os.O_RDWR, 0) // better now than at the first save
	if err != nil {
		return err
	}
	return file.Close()
}

// close ends the use.
func (s *sessionFile) close() error {
	var errs []error
	if s.file != nil {
		errs = append(errs, s.file.Close())
	}
	if s.beside != nil {
		errs = append(errs, s.beside.Close())
	}
	return errors.Join(errs...)
}

// fileRemedy says what can be done about an error.
func fileRemedy(err error) string {
	switch {
	case isAny(err, noSpace):
		return "; free some space: what was saved before is still there"
	case isAny(err, refusesFiles):
		return "; let the user who runs the bot write this file, its .lock and their directory"
	case errors.Is(err, fs.ErrNotExist):
		return "; make its directory first"
	}
	return ""
}

// isAny reports whether an error is one of a list.
func isAny(err error, list []error) bool {
	for _, e := range list {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
