package zstd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
)

const testLimit = 8 << 20

// encoders are kept, as making one takes much longer than a message.
var encoders = make(map[[2]int]*zstd.Encoder)

// messages compresses each payload as the gateway does: one stream, flushed
// after each.
func messages(tb testing.TB, level zstd.EncoderLevel, window int, payloads ...[]byte) [][]byte {
	tb.Helper()
	var buf bytes.Buffer
	w := encoders[[2]int{int(level), window}]
	if w == nil {
		var err error
		if w, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(level), zstd.WithWindowSize(window),
			zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true), zstd.WithEncoderCRC(false)); err != nil {
			tb.Fatal(err)
		}
		encoders[[2]int{int(level), window}] = w
	}
	w.Reset(&buf)
	var out [][]byte
	for _, p := range payloads {
		w.Write(p)
		w.Flush()
		out = append(out, bytes.Clone(buf.Bytes()))
		buf.Reset()
	}
	return out
}

// payloads makes n texts like JSON, of up to max bytes, which repeat
// themselves and each other.
func payloads(seed uint64, n, max int) [][]byte {
	rng := rand.New(rand.NewPCG(seed, 1))
	words := make([]string, 300)
	for i := range words {
		words[i] = fmt.Sprintf("%x", rng.Uint64()>>(rng.IntN(15)*4))
	}
	var out [][]byte
	for range n {
		var sb strings.Builder
		for size := rng.IntN(max); sb.Len() < size; {
			switch rng.IntN(8) {
			case 0:
				fmt.Fprintf(&sb, "%d", rng.Uint64())
			case 1:
				sb.WriteString(strings.Repeat(words[rng.IntN(9)], rng.IntN(40)))
			default:
				fmt.Fprintf(&sb, `"%s":"%s",`, words[rng.IntN(40)], words[int(float64(len(words))*rng.Float64()*rng.Float64())])
			}
		}
		out = append(out, []byte(sb.String()))
	}
	return out
}

func TestStream(t *testing.T) {
	for level := zstd.SpeedFastest; level <= zstd.SpeedBestCompression; level++ {
		for log := 10 + int(level)%2; log <= 23; log += 2 {
			t.Run(fmt.Sprint(level, " window ", log), func(t *testing.T) {
				want := payloads(uint64(log), 100, 3000)
				want = append(want, payloads(7, 1, 400_000)...)
				want = append(want, payloads(8, 100, 300)...)
				var d Decoder
				var s, other Stream
				for i, m := range messages(t, level, 1<<log, want...) {
					for _, s := range []*Stream{&s, &other} {
						out, _, err := d.Decode(s, m, testLimit)
						if err != nil {
							t.Fatalf("message %d: %v", i, err)
						}
						if !bytes.Equal(out, want[i]) {
							t.Fatalf("message %d: %d bytes differ from the %d compressed", i, len(out), len(want[i]))
						}
					}
				}
			})
		}
	}
}
