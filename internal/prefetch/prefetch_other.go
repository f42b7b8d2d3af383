//go:build !(amd64 || arm64) || purego

package prefetch

import "unsafe"

func lines(unsafe.Pointer, uintptr) {}

func places(unsafe.Pointer, *uint32, uintptr) {}
