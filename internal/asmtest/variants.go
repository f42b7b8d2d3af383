// Package asmtest has what tests of code with variants in assembly need: all of them run, and
// memory that is not theirs cannot be read.
package asmtest

import (
	"flag"
	"os"
	"testing"
)

// Main is a TestMain that runs everything twice where the processor has a fast variant: with it
// and without. set chooses, and reports whether there is a choice. Benchmarks and fuzzing, which
// choose by themselves, run once.
func Main(m *testing.M, set func(fast bool) bool) {
	code := m.Run()
	if given("test.fuzz") || given("test.bench") || !set(false) {
		os.Exit(code)
	}
	os.Exit(max(code, m.Run()))
}

// given says whether a flag has a value.
func given(name string) bool { return flag.Lookup(name).Value.String() != "" }

// Each calls f with the variant that is chosen, which is the fast one where there is one, and then
// without it. set is that of [Main].
func Each(set func(fast bool) bool, f func()) {
	f()
	if set(false) {
		defer set(true)
		f()
	}
}
