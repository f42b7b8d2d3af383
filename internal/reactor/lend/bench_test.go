//go:build !safe

package lend

import (
	"crypto/tls"
	"testing"
)

// What the self-test costs. It runs once in a process, where caches are cold: half as
// much again.
func BenchmarkSelfTest(b *testing.B) {
	if why := Supported(); why != "" {
		b.Skip(why)
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := selfTest(func(c *tls.Conn) door { return of(c) }); err != nil {
			b.Fatal(err)
		}
	}
}
