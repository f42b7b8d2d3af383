//go:build !linux

package main

import (
	"errors"
	"os"
	"runtime"
)

func supported() error {
	return errors.New("the race reads the kernel's accounts of running processes, which it can do on Linux alone")
}

func (*process) account() (account, error) { return account{}, supported() }

// counters count nothing.
type counters struct{}

func (*process) countInstructions() {}

func (counters) close() {}

func (*lifetime) addUsage(*os.ProcessState) {}

func cores() []int { return nil }

func onCore(_ int, f func() error) error { return f() }

func machine() string { return runtime.GOOS + "/" + runtime.GOARCH }
