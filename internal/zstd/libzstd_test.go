//go:build cgozstd

package zstd

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/sluice-go/sluice/internal/zstd/libzstd"
)

// Streams of libzstd at all its levels and with all windows, of long and
// short messages, random, repetitive and incompressible, two in turn.
func TestLibzstd(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 6))
	for level := -7; level <= 22; level++ {
		for log := 10; log <= 23; log++ {
			if level > 15 && log%3 != level%3 {
				continue // slow
			}
			t.Run(fmt.Sprint("level ", level, " window ", log), func(t *testing.T) {
				var d Decoder
				var encoders [2]*libzstd.Encoder
				var streams [2]Stream
				for k := range encoders {
					encoders[k] = libzstd.NewEncoder(level, log, k == 1)
					defer encoders[k].Close()
				}
				texts := append(payloads(uint64(level+40), 60, 3000), payloads(8, 1, 300_000)[0], make([]byte, 5000))
				noise := make([]byte, 20_000)
				for i := range noise {
					noise[i] = byte(rng.Uint32())
				}
				texts = append(texts, noise, noise[:100], nil)
				for i := range 120 {
					for k := range streams {
						text := texts[(i*7+k*5)%len(texts)]
						m := encoders[k].Append(nil, text, i%50 == 49)
						out, _, err := d.Decode(&streams[k], m, testLimit)
						if err != nil || !bytes.Equal(out, text) {
							t.Fatalf("stream %d, message %d: %d bytes, want %d, %v", k, i, len(out), len(text), err)
						}
					}
				}
			})
		}
	}
}

// Of damaged messages, what both accept is equal, and what libzstd refuses is
// refused.
func TestLibzstdRefuses(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 6))
	o := libzstd.NewDecoder(testLimit)
	defer o.Close()
	var d Decoder
	accepted, refused := 0, 0
	differ := make(map[string]int)
	for level := -5; level <= 19; level += 3 {
		e := libzstd.NewEncoder(level, 17, false)
		defer e.Close()
		var ms [][]byte
		for _, text := range append(payloads(uint64(level+70), 12, 1500), payloads(8, 1, 20_000)...) {
			ms = append(ms, e.Append(nil, text, false))
		}
		for range 6000 {
			i := 1 + rng.IntN(len(ms)-1)
			damaged := bytes.Clone(ms[i])
			for range 1 + rng.IntN(3) {
				at := rng.IntN(len(damaged))
				if rng.IntN(2) == 0 {
					at = rng.IntN(min(len(damaged), 80))
				}
				damaged[at] ^= 1 << rng.IntN(8)
			}
			var s Stream
			o.Reset()
			for _, m := range ms[:i] {
				if _, _, err := d.Decode(&s, m, testLimit); err != nil {
					t.Fatal(err)
				}
				if _, _, err := o.Decode(m); err != nil {
					t.Fatal(err)
				}
			}
			want, wantErr := o.Decode(damaged)
			out, _, err := d.Decode(&s, damaged, testLimit)
			switch {
			case err == nil && wantErr != nil:
				t.Errorf("level %d, message %d: %d bytes; libzstd: %v", level, i, len(out), wantErr)
			case err == nil:
				accepted++
				if !bytes.Equal(out, want) {
					t.Errorf("level %d, message %d: %d bytes; libzstd: %d bytes that differ", level, i, len(out), len(want))
				}
			default:
				refused++
				if c, ok := err.(*CorruptError); ok && wantErr == nil {
					differ[c.Reason]++
				}
			}
		}
	}
	t.Logf("%d accepted, %d refused", accepted, refused)
	for reason, n := range differ {
		t.Logf("%d times libzstd accepts, or waits for more: %s", n, reason)
	}
	if accepted == 0 {
		t.Error("no damaged message was accepted")
	}
}
