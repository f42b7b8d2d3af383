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

// sharePatience is how long a program that looks at the file is waited for, on systems
// where that keeps others from it: a backup, or a virus scanner.
const sharePatience = 2 * time.Second

// patiently does what another program may be in the way of.
func patiently(ctx context.Context, do func() error) error {
	late := time.Now().Add(sharePatience)
	for {
		err := do()
		if err == nil || !isAny(err, shareViolations) || time.Now().After(late) || pause(ctx, lockPoll) != nil {
			return err
		}
	}
}

// read returns what is in the file, nil where there is none.
func (s *sessionFile) read(ctx context.Context) (text []byte, err error) {
	err = patiently(ctx, func() error {
		info, err := os.Stat(s.path)
		if err == nil {
			err = checkRegular(info)
		}
		if err == nil {
			text, err = readAll(s.path, 3*maxSessionFile) // for a moment it may hold two, and a gap
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return text, err
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

// write makes text what the file holds, wholly or not at all.
func (s *sessionFile) write(ctx context.Context, text []byte) error {
	if s.inPlace {
		return s.overwrite(text)
	}
	err := s.replace(ctx, text)
	if !isAny(err, cannotReplace) && !isAny(err, refusesFiles) {
		return err
	}
	if _, statErr := os.Stat(s.path); statErr != nil {
		return err // nor is there a file to write into
	}
	if inPlaceErr := s.overwrite(text); inPlaceErr != nil {
		return errors.Join(err, inPlaceErr)
	}
	s.inPlace = true
	return nil
}

// replace writes a new file and renames it over the old one.
func (s *sessionFile) replace(ctx context.Context, text []byte) (err error) {
	next := s.path + ".tmp"
	// What a process that was killed left behind goes first, so that the file is
	// this one's own, with this one's mode.
	if err := os.Remove(next); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(next, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(next)
		}
	}()
	if contentLocks {
		err = lockOpen(file) // before others can see it by its name
	}
	if err == nil {
		err = writeSynced(file, text)
	}
	if err != nil {
		return err
	}
	if !contentLocks {
		// Nothing is kept open: Windows renames no file that is.
		if err := file.Close(); err != nil {
			return err
		}
	}
	if err := patiently(ctx, func() error { return os.Rename(next, s.path) }); err != nil {
		return err
	}
	if contentLocks {
		if s.file != nil {
			_ = s.file.Close()
		}
		s.file = file
	}
	// The rename is brought to the disk too, where directories can be; without,
	// a power cut could undo the newest save, and leave the one before.
	if dir, err := os.Open(filepath.Dir(s.path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// writeSynced writes a new file. Without Sync a power cut could leave a new name with
// old blocks.
func writeSynced(file *os.File, text []byte) error {
	if _, err := file.Write(text); err != nil {
		return err
	}
	return file.Sync()
}

// overwrite writes into the file that is there.
func (s *sessionFile) overwrite(text []byte) error {
	file, err := os.OpenFile(s.path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer file.Close() // what was written is synced
	if contentLocks {
		if err := s.follow(file); err != nil {
			return err
		}
	}
	now, err := io.ReadAll(file)
	if err != nil {
		return err
	}
	return rewrite(file, now, text)
}

// follow has the lock be that of the file at path, also where somebody has put
// another one there meanwhile.
func (s *sessionFile) follow(file *os.File) error {
	now, err := file.Stat()
	if err != nil {
		return err
	}
	if s.file != nil {
		if was, err := s.file.Stat(); err != nil || os.SameFile(was, now) {
			return err
		}
	}
	next, err := lockContent(s.path)
	if err == nil && s.file != nil {
		_ = s.file.Close()
	}
	if err == nil {
		s.file = next
	}
	return err
}

// setAside takes out of the way what makes no sense, and returns where it is.
func (s *sessionFile) setAside(text []byte) (aside string, err error) {
	aside = s.path + ".damaged-" + time.Now().UTC().Format("20060102T150405.000Z")
	if !s.inPlace {
		if err = os.Rename(s.path, aside); err == nil || !isAny(err, cannotReplace) {
			return aside, err
		}
	}
	file, err := os.OpenFile(aside, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return aside, err
	}
	err = writeSynced(file, text)
	if err = errors.Join(err, file.Close()); err != nil {
		_ = os.Remove(aside)
		return aside, err
	}
	return aside, os.Truncate(s.path, 0)
}
