//go:build cgozlib

package bench

import (
	"slices"
	"testing"

	"github.com/sluice-go/sluice/internal/inflate/czlib"
)

// zlib joins in, with its loop in C, and compresses for all, as it does for
// the gateway.
func init() {
	zlibStream.encode = func(payloads [][]byte) [][]byte {
		messages, err := czlib.Messages(6, payloads)
		if err != nil {
			panic(err)
		}
		return messages
	}
	// What C leaves behind is for stdlib, the slowest, to sweep up.
	zlibStream.decoders = slices.Insert(zlibStream.decoders, 2, decoder{"zlib", func(b *testing.B, traffic *codecTraffic, streams int) func(int) int {
		run, err := czlib.NewPlayback(traffic.messages, streams, codecLimit)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(run.Close)
		return func(n int) int {
			size, err := run.Turns(n)
			if err != nil {
				b.Fatal(err)
			}
			return size
		}
	}})
}
