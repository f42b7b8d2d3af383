//go:build unix

package state

import (
	"syscall"
	"testing"
)

// cpuTime begins to count; the function it returns reports the CPU time for each iteration since, which
// hangs less on what else the machine does.
func cpuTime(b *testing.B) func() {
	before := cpuNanoseconds(b)
	return func() { b.ReportMetric(float64(cpuNanoseconds(b)-before)/float64(b.N), "cpu-ns/op") }
}

func cpuNanoseconds(b *testing.B) int64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return usage.Utime.Nano() + usage.Stime.Nano()
}
