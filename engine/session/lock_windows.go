package session

import (
	"io"
	"os"
	"syscall"
)

// contentLocks: a file that is open here cannot be replaced. Nor is that needed: the
// system mounts no single files.
const contentLocks = false

func lockContent(string) (*os.File, error) { return nil, nil }

func lockOpen(*os.File) error { return nil }

// lockFile makes this process the one user of what path locks, until the lock is
// closed or the process ends, however that happens: the file is opened so that
// nobody else can. The error is errLocked while another has it.
func lockFile(path string) (io.Closer, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, &os.PathError{Op: "lock", Path: path, Err: err}
	}
	const share = 0
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, share, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	switch err {
	case nil:
		return os.NewFile(uintptr(handle), path), nil
	case errSharingViolation:
		return nil, errLocked
	}
	return nil, &os.PathError{Op: "lock", Path: path, Err: err}
}
