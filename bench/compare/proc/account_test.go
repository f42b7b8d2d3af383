package proc

import (
	"bytes"
	"os"
	"testing"
	"time"
)

// TestAccount compares the scheduler's clock of another process with what wait4
// tells of it afterwards.
func TestAccount(t *testing.T) {
	if Supported() != nil {
		t.Skip("Linux only")
	}
	if os.Getenv("PROC_TEST_SPIN") != "" {
		for start := time.Now(); time.Since(start) < 300*time.Millisecond; {
			bytes.Count(make([]byte, 1<<16), []byte{1})
		}
		os.Stdout.WriteString("{}\n")
		os.Stdin.Read(make([]byte, 1))
		os.Exit(0)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p, err := Start(t.Context(), "spinner", -1, []string{"PROC_TEST_SPIN=1"}, []string{self, "-test.run=^TestAccount$"})
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Answer(&struct{}{}); err != nil {
		t.Fatal(err)
	}
	a, err := p.Account()
	if err != nil {
		t.Fatal(err)
	}
	used, err := p.Stop()
	if err != nil {
		t.Fatal(err)
	}
	clock, wait := a.CPU.Seconds(), used.User+used.System
	if clock <= 0 || clock > wait+0.05 || clock < wait/2-0.05 {
		t.Errorf("%.3f s by the clock, %.3f s by wait4", clock, wait)
	}
	if a.RSS <= 0 || a.RSS > used.PeakRSS+1<<20 {
		t.Errorf("%d bytes, of a peak of %d", a.RSS, used.PeakRSS)
	}
}
