//go:build !linux

package gatewaytest

import "time"

// clockStart is the wall clock, in nanoseconds since 1970, at clockTime.
var clockStart, clockTime = systemClock(), time.Now()

func systemClock() int64 { return time.Now().UnixNano() }
