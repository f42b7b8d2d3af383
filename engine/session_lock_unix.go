//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package engine

import (
	"io"
	"os"
	"syscall"
)

// lockFile makes this process the one user of what path locks, until the lock is
// closed or the process ends, however that happens. The error is errLocked while
// another has it. The file itself stays: who removed it could remove another's.
func lockFile(path string) (io.Closer, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	err = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return file, nil
	}
	_ = file.Close()
	if err == syscall.EWOULDBLOCK || err == syscall.EINTR {
		return nil, errLocked
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}
