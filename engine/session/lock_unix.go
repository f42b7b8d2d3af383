//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd

package session

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"syscall"
)

// contentLocks says that a file can be locked while others read and rename it.
const contentLocks = true

// lockFile makes this process the one user of what path locks, until the lock is
// closed or the process ends, however that happens. The error is errLocked while
// another has it. The file itself stays: who removed it could remove another's.
func lockFile(path string) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, err
	}
	if err := lockOpen(file); err != nil {
		_ = file.Close()
		return nil, err
	}
	return file, nil
}

// lockContent opens and locks a file that is to be used, or returns errLocked. It
// returns nil where there is none.
func lockContent(path string) (*os.File, error) {
	for {
		file, err := os.OpenFile(path, os.O_RDWR|syscall.O_NONBLOCK, 0)
		if isAny(err, refusesFiles) {
			file, err = os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0) // it can still be replaced
		}
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		err = lockOpen(file)
		var locked, there fs.FileInfo
		if err == nil {
			locked, err = file.Stat()
		}
		if err == nil {
			if there, err = os.Stat(path); err == nil && os.SameFile(locked, there) {
				return file, nil
			}
		}
		_ = file.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		// The file was replaced between the two: look at the new one.
	}
}

// lockOpen locks an open file, until it is closed.
func lockOpen(file *os.File) error {
	err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	switch err {
	case nil:
		return nil
	case syscall.EWOULDBLOCK, syscall.EINTR:
		return errLocked
	}
	return &os.PathError{Op: "lock", Path: file.Name(), Err: err}
}
