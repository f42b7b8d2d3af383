//go:build unix

package main

import "syscall"

// raiseDescriptors raises the limit on open files to at least need, and returns
// what it is where that fails. The runtime has raised it as far as it may without
// being asked; root may go further.
func raiseDescriptors(need uint64) (limit uint64, err error) {
	var l syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l); err != nil {
		return 0, err
	}
	if uint64(l.Cur) >= need {
		return uint64(l.Cur), nil
	}
	raised := l
	raised.Cur, raised.Max = need, max(l.Max, need)
	return uint64(l.Max), syscall.Setrlimit(syscall.RLIMIT_NOFILE, &raised)
}
