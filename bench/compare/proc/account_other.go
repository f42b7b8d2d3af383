//go:build !linux

package proc

import (
	"errors"
	"os"
	"runtime"
)

// Supported says that accounts cannot be read here.
func Supported() error {
	return errors.New("the race reads the kernel's accounts of running processes, which it can do on Linux alone")
}

// Account fails as Supported does.
func (*Process) Account() (Account, error) { return Account{}, Supported() }

// counters count nothing.
type counters struct{}

// CountInstructions does nothing.
func (*Process) CountInstructions() {}

func (counters) close() {}

func (*Lifetime) addUsage(*os.ProcessState) {}

// Cores returns none: they cannot be chosen here.
func Cores() []int { return nil }

// OnCore calls f.
func OnCore(_ int, f func() error) error { return f() }

// Machine describes the system.
func Machine() string { return runtime.GOOS + "/" + runtime.GOARCH }
