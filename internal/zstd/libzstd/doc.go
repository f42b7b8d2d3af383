// Package libzstd is the C library, for tests and benchmarks that compare
// with it. It is empty without the build tag cgozstd, which needs cgo and the
// library's header.
package libzstd
