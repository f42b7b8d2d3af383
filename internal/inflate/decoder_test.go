package inflate

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

const testLimit = 8 << 20

// messages compresses each payload as the gateway does: one stream, flushed
// after each.
func messages(tb testing.TB, level int, payloads ...[]byte) [][]byte {
	tb.Helper()
	var buf bytes.Buffer
	w, err := zlib.NewWriterLevel(&buf, level)
	if err != nil {
		tb.Fatal(err)
	}
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

// forget makes the next message one of another stream than the last.
func (d *Decoder) forget() { d.recent = nil }

func TestStream(t *testing.T) {
	for level := -2; level <= 9; level++ {
		t.Run(fmt.Sprint("level ", level), func(t *testing.T) {
			want := payloads(uint64(level+2), 100, 3000)
			want = append(want, payloads(7, 1, 400_000)...)
			want = append(want, payloads(8, 100, 300)...)
			want = append(want, bytes.Repeat([]byte("aab"), maxLiterals))
			var d Decoder
			var s Stream
			for i, m := range messages(t, level, want...) {
				if i%2 == 0 {
					d.forget()
				}
				out, done, err := d.Decode(&s, m, testLimit)
				if err != nil || !done {
					t.Fatalf("message %d: done %v, error %v", i, done, err)
				}
				if !bytes.Equal(out, want[i]) {
					t.Fatalf("message %d: %d bytes differ from the %d compressed", i, len(out), len(want[i]))
				}
			}
		})
	}
}
