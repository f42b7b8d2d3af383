//go:build linux && !race

package bridge

import (
	"syscall"
	"unsafe"
)

// writeFD writes to a descriptor that does not block, and returns how much it took. It does not tell Go's scheduler, which
// would start its monitor for each event where nothing else goes on.
func writeFD(fd uintptr, b []byte) int {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0
	}
	return int(n)
}
