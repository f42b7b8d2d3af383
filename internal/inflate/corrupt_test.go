package inflate

import (
	"bytes"
	"compress/flate"
	"compress/zlib"
	"errors"
	"io"
	"testing"
)

// Code length codes for the tables below, as pairs of symbol and length, and
// what their codes are.
var (
	// 0 is code 0, 1 is 10, 18 is 11.
	preOneBit = []int{0, 1, 1, 2, 18, 2}
	// 0 is code 0, 2 is 10, 16 is 110, 18 is 111.
	preTwoBits = []int{0, 1, 2, 2, 18, 3, 16, 3}
)

func (w *bitWriter) preZeros(n int) *bitWriter { return w.code(3, 2).bits(n-11, 7) } // preOneBit

func TestCorrupt(t *testing.T) {
	tests := []struct {
		name   string
		src    []byte
		reason verdict
		offset int64
		later  bool // compress/zlib finds a fault further on
	}{
		{"method", []byte{0x77, 0x9c, 0, 0, 0, 0xff, 0xff}, badMethod, 0, false},
		{"window", []byte{0x88, 0x1c, 0, 0, 0, 0xff, 0xff}, badWindow, 0, false},
		{"header check", []byte{0x78, 0x9d, 0, 0, 0, 0xff, 0xff}, badHeader, 0, false},
		{"dictionary", []byte{0x78, 0xbb, 0, 0, 0, 0xff, 0xff}, badDictionary, 0, false},
		{"block type", deflated().block(false, 3).flush(), badBlock, 2, false},
		{"stored length", deflated().block(false, 0).raw(1, 0, 0xff, 0xff, 'a').flush(), badStored, 6, false},

		{"287 literal codes", deflated().block(false, 2).counts(287, 1, preOneBit...).flush(), badCounts, 4, false},
		{"31 distance codes", deflated().block(false, 2).counts(257, 31, preOneBit...).flush(), badCounts, 4, false},
		{"no code length code", deflated().block(false, 2).counts(257, 1).flush(), badLengthCode, 11, false},
		{"single code length code", deflated().block(false, 2).counts(257, 1, 0, 1).bits(0, 258).flush(), badLengthCode, 11, true},
		{"incomplete code length code", deflated().block(false, 2).counts(257, 1, 1, 2, 0, 2).flush(), badLengthCode, 11, false},
		{"over-subscribed code length code", deflated().block(false, 2).counts(257, 1, 1, 1, 0, 1, 2, 1).flush(), badLengthCode, 11, false},
		{"repeat of nothing", deflated().block(false, 2).counts(257, 1, preTwoBits...).code(6, 3).bits(0, 2).flush(), badRepeat, 11, false},
		{"repeat over the end", deflated().block(false, 2).counts(257, 1, preTwoBits...).
			code(7, 3).bits(127, 7).code(7, 3).bits(108, 7).code(6, 3).bits(0, 2).flush(), badRepeat, 14, false},
		{"zeros over the end", deflated().block(false, 2).counts(257, 1, preOneBit...).
			preZeros(138).preZeros(121).flush(), badRepeat, 13, false},
		{"no end-of-block code", deflated().block(false, 2).counts(257, 1, preOneBit...).
			code(2, 2).code(2, 2).preZeros(138).preZeros(117).code(0, 1).flush(), noEndOfBlock, 14, true},
		{"incomplete literal code", deflated().block(false, 2).counts(257, 1, preTwoBits...).
			code(7, 3).bits(127, 7).code(7, 3).bits(107, 7).code(2, 2).code(0, 1).flush(), badLiteralCode, 14, false},
		{"over-subscribed literal code", deflated().block(false, 2).counts(257, 1, preOneBit...).
			code(2, 2).code(2, 2).preZeros(138).preZeros(116).code(2, 2).code(0, 1).flush(), badLiteralCode, 14, false},
		{"incomplete distance code", deflated().block(false, 2).counts(258, 1, preTwoBits...).
			code(2, 2).code(2, 2).code(7, 3).bits(127, 7).code(7, 3).bits(105, 7).code(2, 2).code(2, 2).code(2, 2).flush(), badDistanceCode, 14, false},
		{"over-subscribed distance code", deflated().block(false, 2).counts(257, 3, preOneBit...).
			code(2, 2).preZeros(138).preZeros(117).code(2, 2).code(2, 2).code(2, 2).code(2, 2).flush(), badDistanceCode, 14, false},

		{"unused literal code", deflated().block(false, 2).counts(257, 1, preOneBit...).
			preZeros(138).preZeros(118).code(2, 2).code(0, 1).bits(1, 1).flush(), badSymbol, 13, false},
		{"literal/length symbol 286", deflated().block(false, 1).symbol(286).flush(), badSymbol, 3, false},
		{"literal/length symbol 287", deflated().block(false, 1).symbol('a').symbol(287).flush(), badSymbol, 4, false},
		{"unused distance code", deflated().block(false, 2).counts(258, 1, preOneBit...).
			preZeros(138).preZeros(118).code(2, 2).code(2, 2).code(2, 2).bits(1, 1).bits(1, 1).flush(), badDistance, 14, false},
		{"no distance code", deflated().block(false, 2).counts(258, 1, preOneBit...).
			preZeros(138).preZeros(118).code(2, 2).code(2, 2).code(0, 1).bits(1, 1).bits(0, 1).flush(), badDistance, 14, false},
		{"distance symbol 30", deflated().block(false, 1).symbol('a').symbol(257).code(30, 5).flush(), badDistance, 4, false},
		{"distance symbol 31", deflated().block(false, 1).symbol('a').symbol(257).code(31, 5).flush(), badDistance, 4, false},
		{"distance before the start", deflated().block(false, 1).symbol('a').match(3, 2).flush(), farDistance, 4, false},
		{"distance before the start, far", deflated().block(false, 1).symbol('a').match(3, 32768).flush(), farDistance, 6, false},
	}
	var d Decoder
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			// DecodeWhole below is of no other stream than itself, so that
			// this is decoded both ways.
			var s Stream
			d.forget()
			_, done, err := d.Decode(&s, test.src, testLimit)
			d.recent = &noHistory
			var corrupt *CorruptError
			if done || !errors.As(err, &corrupt) {
				t.Fatalf("done %v, error %v", done, err)
			}
			if corrupt.Reason != reasons[test.reason] || corrupt.Offset != test.offset {
				t.Errorf("%v, want %q at %d", err, reasons[test.reason], test.offset)
			}
			if s != (Stream{}) {
				t.Errorf("stream changed: %+v", s)
			}
			if _, wholeErr := d.DecodeWhole(test.src, testLimit); wholeErr == nil || wholeErr.Error() != err.Error() {
				t.Errorf("DecodeWhole: %v", wholeErr)
			}

			_, err = readZlib(test.src)
			var flateErr flate.CorruptInputError
			later := errors.Is(err, io.ErrUnexpectedEOF) || errors.As(err, &flateErr) && int64(flateErr) > test.offset+4
			if err == nil || later != test.later {
				t.Errorf("compress/zlib: %v", err)
			}
		})
	}
}

// readZlib decodes a whole stream with the standard library.
func readZlib(src []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(src))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// Each verdict has a text of its own, and each text a verdict.
func TestReasons(t *testing.T) {
	seen := make(map[string]bool)
	for v := badMethod; v <= badChecksum; v++ {
		if reasons[v] == "" || seen[reasons[v]] {
			t.Errorf("verdict %d: reason %q", v, reasons[v])
		}
		seen[reasons[v]] = true
	}
	for v, want := range map[verdict]error{more: nil, blockEnd: nil, truncated: ErrTruncated, tooLarge: ErrTooLarge, ended: ErrEnded} {
		if got := v.err(0); got != want {
			t.Errorf("verdict %d: %v", v, got)
		}
	}
	if got, want := farDistance.err(7).Error(), "inflate: distance reaches behind the start of the stream at byte 7"; got != want {
		t.Errorf("%q", got)
	}
}
