//go:build unix

package demo

import (
	"os"
	"os/exec"
	"syscall"
)

// ownGroup keeps a terminal's interrupt from a child.
func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// What is done to processes.
var (
	signalStop     os.Signal = syscall.SIGSTOP
	signalContinue os.Signal = syscall.SIGCONT
	signalTerm     os.Signal = syscall.SIGTERM
)
