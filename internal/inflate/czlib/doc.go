// Package czlib is the C library zlib, as an oracle of package inflate and as
// a rival in its benchmarks. It has nothing in it without cgo and the build
// tag cgozlib, which need the library and its header (Debian: zlib1g-dev).
package czlib
