package gatewaytest

import (
	"syscall"
	"time"
	"unsafe"
)

// clockMonotonic is CLOCK_MONOTONIC of clock_gettime(2).
const clockMonotonic = 1

// clockStart is the system's monotonic clock, in nanoseconds, at clockTime.
var clockStart, clockTime = systemClock(), time.Now()

// systemClock reads the clock that all processes of the machine share.
func systemClock() int64 {
	var ts syscall.Timespec
	// The kernel writes one timespec in the layout of this architecture's system call, which is
	// what syscall.Timespec is; ts is alive and does not move during the call.
	if _, _, errno := syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0); errno != 0 {
		return time.Now().UnixNano()
	}
	return ts.Nano()
}
