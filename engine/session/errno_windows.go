package session

import (
	"io/fs"
	"syscall"
)

// errSharingViolation is ERROR_SHARING_VIOLATION.
const errSharingViolation = syscall.Errno(32)

// What errors of the system mean for a session file. A file that another program holds
// open is refused with ERROR_ACCESS_DENIED when it is to be replaced.
var (
	noSpace         = []error{syscall.Errno(112), syscall.Errno(39)} // ERROR_DISK_FULL, ERROR_HANDLE_DISK_FULL
	refusesFiles    = []error{fs.ErrPermission, syscall.Errno(19)}   // ERROR_WRITE_PROTECT
	cannotReplace   []error
	shareViolations = []error{errSharingViolation, syscall.Errno(33), syscall.ERROR_ACCESS_DENIED} // 33: ERROR_LOCK_VIOLATION
)

func names(fs.FileInfo) int { return 1 }
