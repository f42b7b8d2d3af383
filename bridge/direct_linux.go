//go:build linux && !race

package bridge

import (
	"syscall"
	"unsafe"
)

// writeFD writes b, which is not empty, to a descriptor that does not block, and returns how much it took. It does not
// tell Go's scheduler, which would start its monitor for each event where nothing else goes on.
//
// The kernel reads the len(b) bytes from &b[0] on, which are b's own, and keeps no pointer: the call has copied them
// when it returns. The conversion stands in the call's arguments, so that b stays alive, and where it is, until then.
func writeFD(fd uintptr, b []byte) int {
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	if errno != 0 {
		return 0
	}
	return int(n)
}
