//go:build plan9 || js

package main

// ignoreBrokenPipes does nothing: no signal tells of them here.
func ignoreBrokenPipes() {}

// isBrokenPipe does not know.
func isBrokenPipe(error) bool { return false }
