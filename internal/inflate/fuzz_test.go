package inflate

import (
	"bytes"
	"compress/flate"
	"errors"
	"io"
	"slices"
	"testing"
)

// hello is a real first message of the gateway's zlib-stream.
var hello = []byte{
	120, 156, 52, 201, 65, 10, 131, 48, 16, 5, 208, 187, 252, 117, 82, 98, 169, 32, 115, 21, 35, 50, 53, 67, 27, 136, 81, 226, 216, 82, 66,
	238, 222, 110, 186, 123, 240, 42, 20, 148, 207, 148, 12, 142, 63, 182, 29, 212, 57, 131, 0, 170, 120, 10, 23, 189, 11, 235, 28, 179, 74,
	121, 113, 2, 221, 186, 107, 255, 251, 89, 11, 47, 2, 26, 49, 122, 60, 88, 229, 205, 31, 187, 151, 96, 87, 142, 217, 14, 253, 16, 60, 76,
	245, 88, 227, 82, 182, 195, 131, 220, 197, 181, 9, 83, 107, 95, 0, 0, 0, 255, 255,
}

func TestHello(t *testing.T) {
	const want = `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["[\"gateway-prd-main-858d\",{\"micros\":0.0}]"]}}`
	var d Decoder
	var s Stream
	out, done, err := d.Decode(&s, hello, len(want))
	if !done || string(out) != want {
		t.Errorf("%q, done %v, error %v", out, done, err)
	}
}

// readFlate decodes raw deflate data with the standard library, as far as
// they go.
func readFlate(src []byte) ([]byte, error) {
	return io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(src)), testLimit+1))
}

// FuzzDecode decodes any deflate data, behind a history, and holds the result
// against compress/flate's: the same bytes, and an error where it has one.
func FuzzDecode(f *testing.F) {
	for level := -2; level <= 9; level++ {
		for _, m := range messages(f, level, payloads(uint64(level+2), 3, 2000)...) {
			f.Add(bytes.TrimPrefix(m, []byte{0x78, 0x9c}))
		}
	}
	f.Add(hello[headerSize:])
	f.Add((&bitWriter{}).stored(false, []byte("stored")...).flush())
	f.Add((&bitWriter{}).block(false, 1).symbol('f').match(258, 1).match(3, 250).symbol(endSymbol).flush())
	f.Add((&bitWriter{}).block(false, 2).counts(258, 1, preOneBit...).preZeros(138).preZeros(118).code(2, 2).code(2, 2).code(2, 2).flush())
	f.Add((&bitWriter{}).block(true, 1).symbol(endSymbol).raw(0, 0, 0, 1).b)
	f.Add((&bitWriter{}).block(false, 2).counts(286, 30, 0, 1, 1, 2, 18, 2).flush())

	past := bytes.Repeat([]byte("the past, "), 10)
	first := deflated().stored(false, past...).flush()
	var d Decoder
	decode := func(t *testing.T, src []byte, cold bool) (s Stream, out []byte, done bool, err error) {
		if _, done, err := d.Decode(&s, first, testLimit); !done {
			t.Fatal(err)
		}
		if cold {
			d.forget()
		}
		before, window := s, *s.Window()
		out, done, err = d.Decode(&s, src, testLimit)
		if !done && (s.history != before.history || s.phase != before.phase || *s.Window() != window) {
			t.Error("not done, but the stream changed")
		}
		return s, bytes.Clone(out), done, err
	}
	check := func(t *testing.T, src []byte) {
		s, out, done, err := decode(t, slices.Clip(src), false)

		// Whatever lies behind the message changes nothing, nor does whether
		// the stream was decoded last.
		padded := append(slices.Clip(src), bytes.Repeat([]byte{0xa5}, padding)...)[:len(src)]
		_, out2, done2, err2 := decode(t, padded, true)
		if !bytes.Equal(out, out2) || done != done2 || (err == nil) != (err2 == nil) || err != nil && err.Error() != err2.Error() {
			t.Errorf("%d bytes, done %v, error %v; with padding: %d bytes, done %v, error %v", len(out), done, err, len(out2), done2, err2)
		}

		want, stdErr := readFlate(append(first[headerSize:len(first):len(first)], src...))
		if len(want) > testLimit {
			if err == nil && done {
				t.Errorf("limit not seen")
			}
			return
		}
		if !bytes.HasPrefix(want, past) {
			t.Fatalf("compress/flate: %d bytes, %v", len(want), stdErr)
		}
		want = want[len(past):]
		var corrupt *CorruptError
		switch {
		case done:
			// Without a final block, compress/flate asks for more at the end.
			if !bytes.Equal(out, want) || stdErr != nil && stdErr != io.ErrUnexpectedEOF {
				t.Errorf("%d bytes; compress/flate: %d bytes, %v", len(out), len(want), stdErr)
			}
			if tail := append(past, out...); !bytes.HasSuffix(tail, s.Window()[:s.history.next]) {
				t.Errorf("the window does not end as the output does")
			}
		case err == nil:
			if stdErr != nil && stdErr != io.ErrUnexpectedEOF {
				// compress/flate does not wait for the extra bits of a repeat
				// without a length.
				if _, _, done, err := decode(t, append(slices.Clip(src), 0, 0, 0, 0), false); err == nil {
					t.Errorf("done %v; compress/flate: %v", done, stdErr)
				}
			}
			if stdErr == nil {
				// compress/flate needs no checksum behind a final block.
				if _, out, done, err := decode(t, append(slices.Clip(src), 1, 2, 3, 4), false); !bytes.Equal(out, want) && err != ErrEnded {
					t.Errorf("%d bytes, done %v, error %v; compress/flate: %d bytes", len(out), done, err, len(want))
				}
			}
		case errors.As(err, &corrupt):
			late := corrupt.Reason == reasons[badLengthCode] || corrupt.Reason == reasons[noEndOfBlock]
			if stdErr == io.ErrUnexpectedEOF && !late {
				// compress/flate reads as many bits ahead as the end-of-block
				// code has.
				_, stdErr = readFlate(append(first[headerSize:len(first):len(first)], append(slices.Clip(src), 0, 0, 0, 0)...))
			}
			if stdErr == nil || stdErr == io.ErrUnexpectedEOF && !late {
				t.Errorf("%v; compress/flate: %v", err, stdErr)
			}
			if corrupt.Offset < 0 || corrupt.Offset >= int64(len(src)) {
				t.Errorf("%v, of %d bytes", err, len(src))
			}
		case err == ErrEnded:
			if stdErr != nil {
				t.Errorf("%v; compress/flate: %v", err, stdErr)
			}
		default:
			t.Errorf("%v; compress/flate: %d bytes, %v", err, len(want), stdErr)
		}
	}
	f.Fuzz(func(t *testing.T, src []byte) {
		variants(func() { check(t, src) })
	})
}

// FuzzRoundTrip compresses two payloads and decodes them, one in two parts.
func FuzzRoundTrip(f *testing.F) {
	for _, p := range payloads(13, 6, 3000) {
		f.Add(p, p[len(p)/2:], 6, uint(len(p)/3))
	}
	f.Add([]byte{}, bytes.Repeat([]byte("0"), 70_000), 1, uint(3))
	var d Decoder
	f.Fuzz(func(t *testing.T, first, second []byte, level int, cut uint) {
		level = max(-2, min(level, 9))
		ms := messages(t, level, first, second)
		variants(func() {
			var s Stream
			for i, m := range ms {
				cut := int(cut % uint(len(m)))
				if out, done, err := d.Decode(&s, m[:cut], testLimit); done || err != nil {
					t.Fatalf("%d of %d bytes: %d bytes, done %v, error %v", cut, len(m), len(out), done, err)
				}
				out, done, err := d.Decode(&s, m, testLimit)
				if want := [][]byte{first, second}[i]; !done || !bytes.Equal(out, want) {
					t.Fatalf("message %d: %d bytes, want %d, done %v, error %v", i, len(out), len(want), done, err)
				}
			}
		})
	})
}
