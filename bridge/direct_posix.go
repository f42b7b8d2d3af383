//go:build unix && (!linux || race)

package bridge

import "syscall"

// writeFD writes to a descriptor that does not block, and returns how much it took.
func writeFD(fd uintptr, b []byte) int {
	n, _ := syscall.Write(int(fd), b) // an error comes again when the rest is written
	return max(n, 0)
}
