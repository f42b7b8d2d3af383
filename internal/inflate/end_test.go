package inflate

import (
	"bytes"
	"compress/zlib"
	"errors"
	"testing"
)

// A stream that ends is done with its checksum, and nothing may follow.
func TestStreamEnds(t *testing.T) {
	var buf bytes.Buffer
	w := zlib.NewWriter(&buf)
	w.Write([]byte("first"))
	w.Flush()
	first := bytes.Clone(buf.Bytes())
	buf.Reset()
	w.Write([]byte("second"))
	w.Close()
	second := buf.Bytes()

	var d Decoder
	var s Stream
	if out, done, err := d.Decode(&s, first, testLimit); !done || string(out) != "first" {
		t.Fatalf("%q, done %v, error %v", out, done, err)
	}
	before := s
	if _, done, err := d.Decode(&s, append(bytes.Clone(second), 0), testLimit); done || err != ErrEnded {
		t.Errorf("a byte behind the end: done %v, error %v", done, err)
	}
	if s != before {
		t.Error("stream changed")
	}
	if out, done, err := d.Decode(&s, second, testLimit); !done || string(out) != "second" {
		t.Fatalf("%q, done %v, error %v", out, done, err)
	}
	if _, done, err := d.Decode(&s, first, testLimit); done || err != ErrEnded {
		t.Errorf("after the end: done %v, error %v", done, err)
	}
	if _, done, err := d.Decode(&s, nil, testLimit); done || err != nil {
		t.Errorf("nothing after the end: done %v, error %v", done, err)
	}
	s.Reset()
	if out, done, err := d.Decode(&s, first, testLimit); !done || string(out) != "first" {
		t.Errorf("after Reset: %q, done %v, error %v", out, done, err)
	}
}

// Flushes without data are messages without output, alone and behind others.
func TestEmptyFlush(t *testing.T) {
	var d Decoder
	var s Stream
	for i, m := range []struct {
		src  []byte
		want string
	}{
		{deflated().flush(), ""},
		{(&bitWriter{}).flush(), ""},
		{(&bitWriter{}).stored(false).stored(false).flush(), ""},
		{(&bitWriter{}).block(false, 1).symbol(endSymbol).flush(), ""},
		{(&bitWriter{}).stored(false).stored(false, 'a').stored(false).flush(), "a"},
		{(&bitWriter{}).block(false, 1).match(3, 1).symbol(endSymbol).block(false, 1).symbol('b').symbol(endSymbol).flush(), "aaab"},
	} {
		out, done, err := d.Decode(&s, m.src, 10)
		if !done || string(out) != m.want {
			t.Errorf("message %d: %q, done %v, error %v", i, out, done, err)
		}
	}
}

func TestDecodeWhole(t *testing.T) {
	var d Decoder
	for level := -2; level <= 9; level++ {
		var buf bytes.Buffer
		w, err := zlib.NewWriterLevel(&buf, level)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range append(payloads(9, 6, 2000), nil, payloads(10, 1, 400_000)[0]) {
			buf.Reset()
			w.Reset(&buf)
			w.Write(want)
			w.Close()
			src := buf.Bytes()
			if out, err := d.DecodeWhole(src, len(want)); err != nil || !bytes.Equal(out, want) {
				t.Fatalf("level %d: %d bytes, want %d, error %v", level, len(out), len(want), err)
			}
			if _, err := d.DecodeWhole(src, len(want)-1); len(want) > 0 && err != ErrTooLarge {
				t.Errorf("level %d: limit of one byte less: %v", level, err)
			}
			if _, err := d.DecodeWhole(append(src, 0), len(want)); err != ErrEnded {
				t.Errorf("level %d: a byte behind the end: %v", level, err)
			}
			for n := range min(len(src), 300) {
				if _, err := d.DecodeWhole(src[:n], len(want)); err != ErrTruncated {
					t.Errorf("level %d: %d of %d bytes: %v", level, n, len(src), err)
				}
			}
			src[len(src)-1]++
			var corrupt *CorruptError
			if _, err := d.DecodeWhole(src, len(want)); !errors.As(err, &corrupt) || corrupt.Reason != reasons[badChecksum] {
				t.Errorf("level %d: wrong checksum: %v", level, err)
			}
		}
	}
	if _, err := d.DecodeWhole(deflated().stored(false, 'a').flush(), 1); err != ErrTruncated {
		t.Errorf("a stream without an end: %v", err)
	}
}

func TestLimit(t *testing.T) {
	many := deflated().block(false, 1).symbol('a')
	for range 1000 {
		many.match(258, 1)
	}
	tests := []struct {
		name string
		src  []byte
		size int
	}{
		{"empty", deflated().flush(), 0},
		{"literal", deflated().block(false, 1).symbol('a').symbol(endSymbol).flush(), 1},
		{"match", deflated().block(false, 1).symbol('a').match(258, 1).symbol(endSymbol).flush(), 259},
		{"stored", deflated().stored(false, make([]byte, 65535)...).flush(), 65535},
		{"stored twice", deflated().stored(false, make([]byte, 65535)...).stored(false, 1).flush(), 65536},
		{"matches", many.symbol(endSymbol).flush(), 1 + 1000*258},
	}
	// One decoder for all: what an earlier limit allowed must not matter.
	var d Decoder
	for _, test := range tests {
		for _, limit := range []int{test.size, test.size + 1, 1 << 30, int(^uint(0) >> 1)} {
			var s Stream
			if limit%2 == 0 {
				d.forget()
			}
			if out, done, err := d.Decode(&s, test.src, limit); !done || len(out) != test.size {
				t.Errorf("%s, limit %d: %d bytes, done %v, error %v", test.name, limit, len(out), done, err)
			}
		}
		for _, limit := range []int{test.size - 1, test.size / 2, 0, -1, -1 << 31} {
			var s Stream
			if limit%2 == 0 {
				d.forget()
			}
			_, done, err := d.Decode(&s, test.src, limit)
			if test.size == 0 {
				if !done {
					t.Errorf("%s, limit %d: error %v", test.name, limit, err)
				}
			} else if done || err != ErrTooLarge || s != (Stream{}) {
				t.Errorf("%s, limit %d: done %v, error %v", test.name, limit, done, err)
			}
		}
	}
}
