package gatewaytest

import "time"

// MonotonicNow returns the time, in nanoseconds, that probe shards write into their events
// ([WithProbeShards]). Two processes on one machine can compare theirs: on Linux it is
// CLOCK_MONOTONIC, elsewhere the wall clock as it was when the process began, plus the time since.
func MonotonicNow() int64 { return clockStart + int64(time.Since(clockTime)) }
