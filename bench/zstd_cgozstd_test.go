//go:build cgozstd

package bench

import (
	"math/bits"
	"testing"

	"github.com/sluice-go/sluice/internal/zstd/libzstd"
)

// libzstd joins in, with its loop in C, and compresses for all: level 3 and
// this window give Discord's own bytes.
func init() {
	zstdStream.encode = func(payloads [][]byte) (messages [][]byte) {
		e := libzstd.NewEncoder(3, bits.Len(zstdWindow-1), false)
		defer e.Close()
		for _, p := range payloads {
			messages = append(messages, e.Append(nil, p, false))
		}
		return messages
	}
	zstdStream.decoders = append(zstdStream.decoders, decoder{"libzstd", func(b *testing.B, traffic *codecTraffic, streams int) func(int) int {
		run := libzstd.NewRun(traffic.messages, streams, codecLimit)
		return func(n int) int {
			size, err := run.Turns(n)
			if err != nil {
				b.Fatal(err)
			}
			return size
		}
	}})
}
