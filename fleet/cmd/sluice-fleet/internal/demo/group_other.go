//go:build !unix

package demo

import (
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

// Systems without such signals can only kill: the other scenarios fail there, with the error of
// os.Process.Signal.
var (
	signalStop     os.Signal = os.Kill
	signalContinue os.Signal = os.Kill
	signalTerm     os.Signal = os.Interrupt
)
