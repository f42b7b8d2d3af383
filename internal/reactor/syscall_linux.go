//go:build !portable && !race

package reactor

import (
	"syscall"
	"unsafe"
)

// These calls never block, since every descriptor here is non-blocking (stay's call does, and says why it
// may), so they need not tell the scheduler: that alone halves what an event costs at a few
// thousand events a second. Each pointer is to the first byte of a slice that is
// not empty, with the slice's own length beside it; it is converted within the
// call, which keeps the slice alive and in place.

func readFD(fd int, b []byte) (int, syscall.Errno) {
	if len(b) == 0 {
		return 0, 0
	}
	n, _, errno := syscall.RawSyscall(syscall.SYS_READ, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return count(n, errno)
}

func writeFD(fd int, b []byte) (int, syscall.Errno) {
	if len(b) == 0 {
		return 0, 0
	}
	n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, uintptr(fd), uintptr(unsafe.Pointer(&b[0])), uintptr(len(b)))
	return count(n, errno)
}

func epollWait(epfd int, events []syscall.EpollEvent, timeout int) (int, syscall.Errno) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_EPOLL_PWAIT, uintptr(epfd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), uintptr(timeout), 0, 0)
	return count(n, errno)
}

// count makes a failed call's result 0 bytes.
func count(n uintptr, errno syscall.Errno) (int, syscall.Errno) {
	if errno != 0 {
		return 0, errno
	}
	return int(n), 0
}
