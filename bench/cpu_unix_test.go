//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpuTime is the time that the process has spent in user mode.
func cpuTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// sleeps is how often a thread of the process has gone to sleep, each time to be woken again.
func sleeps() int64 {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return int64(usage.Nvcsw)
}
