//go:build !plan9 && !js

package main

import (
	"errors"
	"os/signal"
	"syscall"
)

// ignoreBrokenPipes makes a reader of standard output that goes away an error of the
// write, which ends the command in an orderly way, and not a signal that kills it.
func ignoreBrokenPipes() { signal.Ignore(syscall.SIGPIPE) }

// isBrokenPipe reports whether whoever read what was written is gone.
func isBrokenPipe(err error) bool { return errors.Is(err, syscall.EPIPE) }
