//go:build (amd64 || arm64) && !purego

package prefetch

import "unsafe"

// lines asks for the cache line that p lies in and for those that follow it, n in
// all. The instruction has no effect that a program could see, whatever the address.
//
//go:noescape
func lines(p unsafe.Pointer, n uintptr)
