//go:build !unix

package bench

import "time"

var benchStart = time.Now()

// cpuTime is the time that has passed, where the time that the process has
// spent is not told.
func cpuTime() time.Duration { return time.Since(benchStart) }

// sleeps is how often a thread of the process has gone to sleep, which the system does not tell.
func sleeps() int64 { return 0 }
