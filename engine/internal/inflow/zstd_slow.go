//go:build purego || !(amd64 || arm64 || ppc64le || riscv64 || loong64)

package inflow

// OwnZstd: without wide loads klauspost/compress is the faster decoder.
const OwnZstd = false
