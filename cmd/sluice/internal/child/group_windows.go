package child

import (
	"os/exec"
	"syscall"
)

// inNewGroup keeps a terminal's interrupt from the child: it must live to tell
// what it wrote.
func inNewGroup(command *exec.Cmd) {
	command.SysProcAttr = &syscall.SysProcAttr{CreationFlags: syscall.CREATE_NEW_PROCESS_GROUP}
}
