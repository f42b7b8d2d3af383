//go:build !unix && !windows

package demo

import (
	"errors"
	"time"
)

// processCPU does not know: this system does not tell, or has no processes. The demo,
// which is about such figures, says so.
func processCPU() (time.Duration, error) {
	return 0, errors.New("this system does not tell what a process has used; sluice run and sluice mock do without")
}
