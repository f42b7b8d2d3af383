//go:build unix

package session

import (
	"io/fs"
	"syscall"
)

// What errors of the system mean for a session file.
var (
	noSpace         = []error{syscall.ENOSPC, syscall.EDQUOT}
	refusesFiles    = []error{fs.ErrPermission, syscall.EROFS}
	cannotReplace   = []error{syscall.EBUSY, syscall.EXDEV}
	shareViolations []error // none: an open file can be replaced
)

// names returns how many names a file has. The type of Nlink differs between systems.
func names(info fs.FileInfo) int {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return 1
	}
	return int(stat.Nlink)
}
