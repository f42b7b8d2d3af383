package gatewaytest

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// alarm is a timerfd in Go's netpoller: it wakes a goroutine as promptly as a socket does. A timer of
// Go's has to wait for the netpoller's timeout, which counts whole milliseconds.
type alarm struct {
	file *os.File
	fd   int
}

func newAlarm() (*alarm, error) {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_CLOEXEC|unix.TFD_NONBLOCK)
	if err != nil {
		return nil, os.NewSyscallError("timerfd_create", err)
	}
	return &alarm{os.NewFile(uintptr(fd), "timerfd"), fd}, nil
}

// ring has wait return at a time, and not when it was to before. It must not be called behind close.
func (a *alarm) ring(at time.Time) {
	spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(max(time.Until(at), 1)))}
	_ = unix.TimerfdSettime(a.fd, 0, &spec, nil) // it fails only for arguments that cannot be here
}

// wait waits for the next ring, and reports false when the alarm is closed.
func (a *alarm) wait() bool {
	var expirations [8]byte
	_, err := a.file.Read(expirations[:])
	return err == nil
}

// close gives the alarm back.
func (a *alarm) close() { _ = a.file.Close() }
