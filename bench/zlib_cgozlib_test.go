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
	zlibCompress = func(payloads [][]byte) [][]byte {
		messages, err := czlib.Messages(6, payloads)
		if err != nil {
			panic(err)
		}
		return messages
	}
	// Whoever decodes after a call of C does so 200–300 ns a message slower,
	// for longer than caches explain. So that is stdlib, the slowest.
	zlibDecoders = slices.Insert(zlibDecoders, 2, zlibDecoder{"zlib", func(b *testing.B, traffic *zlibTraffic, streams int) func(int) int {
		run, err := czlib.NewPlayback(traffic.messages, streams, zlibLimit)
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
