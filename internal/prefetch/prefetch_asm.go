//go:build (amd64 || arm64) && !purego

package prefetch

import "unsafe"

// lines asks for the cache line that p lies in and for those that follow it, n in
// all. The instruction has no effect that a program could see, whatever the address.
//
//go:noescape
func lines(p unsafe.Pointer, n uintptr)

// places asks for the line of each of the n bytes at distances from p, of which there is
// one at least. It reads the distances, and nothing else.
//
//go:noescape
func places(p unsafe.Pointer, distances *uint32, n uintptr)
