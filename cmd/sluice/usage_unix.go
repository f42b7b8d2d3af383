//go:build unix

package main

import (
	"os/exec"
	"syscall"
	"time"
)

// processCPU returns the processor time of all threads.
func processCPU() (time.Duration, error) {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return 0, err
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()), nil
}

// inNewGroup keeps a terminal's interrupt from the child: it must live to tell
// what it wrote.
func inNewGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
