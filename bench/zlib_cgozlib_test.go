//go:build cgozlib

package bench

import (
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
	zlibDecoders = append(zlibDecoders, zlibDecoder{"zlib", func(b *testing.B, traffic *zlibTraffic, streams int) func(int) int {
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
