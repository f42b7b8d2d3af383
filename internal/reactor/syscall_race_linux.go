//go:build !portable && race

package reactor

import "syscall"

// The ordinary calls tell the race detector what they read and write.

func readFD(fd int, b []byte) (int, syscall.Errno) {
	n, err := syscall.Read(fd, b)
	return result(n, err)
}

func writeFD(fd int, b []byte) (int, syscall.Errno) {
	n, err := syscall.Write(fd, b)
	return result(n, err)
}

func epollWait(epfd int, events []syscall.EpollEvent, timeout int) (int, syscall.Errno) {
	n, err := syscall.EpollWait(epfd, events, timeout)
	return result(n, err)
}

func result(n int, err error) (int, syscall.Errno) {
	if err == nil {
		return n, 0
	}
	if errno, ok := err.(syscall.Errno); ok {
		return 0, errno
	}
	return 0, syscall.EIO
}
