// Package compare races sluice against other libraries, in a module of its own so
// that none of them is a dependency of sluice. Run it here, not in the root:
//
//	go test -run='^$' -bench=.
package compare
