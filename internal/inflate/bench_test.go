package inflate

import (
	"fmt"
	"testing"
)

// BenchmarkDecode decodes messages of one stream, and of many in turn.
func BenchmarkDecode(b *testing.B) {
	ms := messages(b, 6, payloads(15, 500, 1600)...)
	for _, count := range []int{1, 500} {
		b.Run(fmt.Sprint("streams=", count), func(b *testing.B) {
			var d Decoder
			streams := make([]Stream, count)
			var size int64
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				at := i / count % len(ms)
				s := &streams[i%count]
				if at == 0 {
					s.Reset()
				}
				out, done, err := d.Decode(s, ms[at], testLimit)
				if !done {
					b.Fatal(err)
				}
				size += int64(len(out))
			}
			b.SetBytes(size / int64(b.N))
		})
	}
}
