//go:build unix

package descriptors

import (
	"io"
	"os"
	"syscall"
)

var exhausted = []error{syscall.EMFILE, syscall.ENFILE}

// Raise raises the limit on descriptors to at least need, as far as the hard limit
// allows, and returns what it is then. The runtime does so too when a program starts,
// unless the program has set the limit itself since. An error is the system's.
func Raise(need uint64) (limit uint64, err error) { return raise(need, false) }

// RaiseHard is Raise, but raises the hard limit too, which root may do.
func RaiseHard(need uint64) (limit uint64, err error) { return raise(need, true) }

func raise(need uint64, hard bool) (limit uint64, err error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	if uint64(l.Cur) >= need {
		return uint64(l.Cur), nil
	}
	raised := l
	if hard && uint64(l.Max) < need {
		set(&raised.Max, need)
	}
	set(&raised.Cur, min(need, uint64(raised.Max)))
	if raised == l {
		return uint64(l.Cur), nil
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised); err != nil {
		return uint64(l.Cur), err
	}
	return uint64(raised.Cur), nil
}

// set sets a limit, which is unsigned on most systems and signed on some.
func set[T int64 | uint64](limit *T, n uint64) { *limit = T(n) }

// spare is an open descriptor that stands for another one.
type spare int

// Spare opens a descriptor, which keeps the place for another one until it is closed.
// Its error is one of those that [Exhausted] knows.
func Spare() (io.Closer, error) {
	fd, err := syscall.Open(os.DevNull, syscall.O_RDONLY|syscall.O_CLOEXEC, 0)
	if err != nil {
		if Exhausted(err) {
			return nil, err
		}
		return spare(-1), nil // there is no such file here
	}
	return spare(fd), nil
}

// Close implements io.Closer.
func (s spare) Close() error {
	if s < 0 {
		return nil
	}
	return syscall.Close(int(s))
}

// InUse returns how many descriptors the process has open, with some for what it will
// open besides connections.
func InUse() int {
	const files = 16
	open, err := os.ReadDir("/dev/fd")
	if err != nil {
		return 2 * files
	}
	return len(open) + files
}
