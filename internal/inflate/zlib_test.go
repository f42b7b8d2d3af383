//go:build cgozlib

package inflate

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/adler32"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-go/sluice/internal/inflate/czlib"
)

// What zlib accepts is accepted, with the same bytes, and nothing else:
// streams of every level with a few bytes changed, and headers of dynamic
// blocks made up.
func TestAcceptsAsZlib(t *testing.T) {
	rng := rand.New(rand.NewPCG(14, 14))
	var streams [][]byte
	for level := range 10 {
		for _, p := range payloads(uint64(level), 20, 600) {
			ms, err := czlib.Messages(level, [][]byte{p, p[len(p)/2:]})
			if err != nil {
				t.Fatal(err)
			}
			sum := adler32.Checksum(slices.Concat(p, p[len(p)/2:]))
			end := binary.BigEndian.AppendUint32([]byte{3, 0}, sum)
			streams = append(streams, slices.Concat(ms[0], ms[1], end))
		}
	}
	var d Decoder
	seen := make(map[czlib.Verdict]int)
	for range 60_000 {
		src := bytes.Clone(streams[rng.IntN(len(streams))])
		if rng.IntN(3) == 0 {
			src = []byte{0x78, 0x9c, byte(rng.Uint32())&^6 | 4}
			for range rng.IntN(60) {
				src = append(src, byte(rng.Uint32())&-byte(rng.IntN(3)))
			}
		}
		if rng.IntN(8) == 0 {
			src = append(src, 0)
		}
		for range rng.IntN(4) {
			at := 2 + rng.IntN(len(src)-2)
			switch rng.IntN(3) {
			case 0:
				src[at] ^= 1 << rng.IntN(8)
			case 1:
				src[at] = byte(rng.Uint32())
			case 2:
				src = src[:at+1]
			}
		}
		if rng.IntN(2) == 0 {
			d.forget()
		}
		out, err := d.DecodeWhole(src, 1<<20)
		want, verdict := czlib.Decode(src, 1<<20)
		seen[verdict]++
		var corrupt *CorruptError
		ok := false
		switch verdict {
		case czlib.Accepted:
			ok = err == nil && bytes.Equal(out, want)
		case czlib.Longer:
			ok = err == ErrEnded
		case czlib.Truncated:
			// zlib goes on behind an empty code length code, until it misses
			// the end-of-block code.
			ok = err == ErrTruncated || errors.As(err, &corrupt) && corrupt.Reason == reasons[badLengthCode]
		case czlib.Refused:
			// zlib looks at the checksum before what follows.
			ok = errors.As(err, &corrupt) || err == ErrEnded
		}
		if !ok {
			t.Fatalf("%x: %v; zlib: verdict %d", src, err, verdict)
		}
	}
	if len(seen) < 4 {
		t.Errorf("streams by verdict: %v", seen)
	}
}
