//go:build !unix && !windows

package session

import "io/fs"

// What errors of the system mean for a session file.
var (
	noSpace         []error
	refusesFiles    = []error{fs.ErrPermission}
	cannotReplace   []error
	shareViolations []error
)

func names(fs.FileInfo) int { return 1 }
