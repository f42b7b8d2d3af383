//go:build !unix

package bench

import "time"

var benchStart = time.Now()

// cpuTime is the time that has passed, where the time that the process has
// spent is not told.
func cpuTime() time.Duration { return time.Since(benchStart) }
