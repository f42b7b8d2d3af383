//go:build !unix && !windows

package child

import "os/exec"

// inNewGroup does nothing: there are no groups of processes.
func inNewGroup(*exec.Cmd) {}
