//go:build !linux

package proc

import (
	"errors"
	"os"
	"runtime"
)

func Supported() error {
	return errors.New("the race reads the kernel's accounts of running processes, which it can do on Linux alone")
}

func (*Process) Account() (Account, error) { return Account{}, Supported() }

// counters count nothing.
type counters struct{}

func (*Process) CountInstructions() {}

func (counters) close() {}

func (*Lifetime) addUsage(*os.ProcessState) {}

func Cores() []int { return nil }

func OnCore(_ int, f func() error) error { return f() }

func Machine() string { return runtime.GOOS + "/" + runtime.GOARCH }
