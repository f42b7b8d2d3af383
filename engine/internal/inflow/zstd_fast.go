//go:build !purego && (amd64 || arm64 || ppc64le || riscv64 || loong64)

package inflow

// OwnZstd: internal/zstd is built for speed here, and the default.
const OwnZstd = true
