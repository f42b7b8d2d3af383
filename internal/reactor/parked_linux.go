//go:build !portable

package reactor

import (
	"os"
	"syscall"
	"time"
)

// parked is a descriptor in Go's netpoller: a goroutine waits for it like for any
// socket, and holds no thread meanwhile.
//
// The netpoller is edge-triggered. An edge that comes while nobody waits is not lost:
// it is kept for the next wait.
type parked struct{ file *os.File }

// park puts a descriptor into the netpoller, which owns it from then on. After an
// error it is closed.
func park(fd int, name string) (parked, error) {
	// os.NewFile puts a descriptor into the netpoller only if it does not block.
	if err := syscall.SetNonblock(fd, true); err != nil {
		_ = syscall.Close(fd)
		return parked{}, os.NewSyscallError("fcntl", err)
	}
	p := parked{os.NewFile(uintptr(fd), name)}
	// It does not say whether that succeeded, but only then are there deadlines.
	if err := p.file.SetReadDeadline(time.Time{}); err != nil {
		p.close()
		return parked{}, err
	}
	return p, nil
}

// wait calls ready, and again whenever the descriptor is readable, until that returns
// true or leave is called.
func (p parked) wait(ready func() (over bool)) {
	raw, err := p.file.SyscallConn()
	if err == nil {
		_ = raw.Read(func(uintptr) bool { return ready() })
	}
}

// leave ends a wait, now or later.
func (p parked) leave() { _ = p.file.SetReadDeadline(longAgo) }

// close closes the descriptor, for which nobody waits any more.
func (p parked) close() { _ = p.file.Close() }

// newFD calls a system call that makes a descriptor.
func newFD(name string, number, a, b uintptr) (int, error) {
	fd, _, errno := syscall.Syscall(number, a, b, 0)
	if errno != 0 {
		return -1, os.NewSyscallError(name, errno)
	}
	return int(fd), nil
}

// duplicate makes another descriptor of what a descriptor is of.
func duplicate(fd int) (int, error) {
	return newFD("fcntl", syscall.SYS_FCNTL, uintptr(fd), syscall.F_DUPFD_CLOEXEC)
}
