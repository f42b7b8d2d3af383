package bench

import (
	"bytes"
	"io"
	"testing"

	klauspost "github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/zstd"
)

// zstdWindow is that of Discord's gateway.
const zstdWindow = 256 << 10

// zstdStream is zstd-stream. A build tag adds libzstd, and its encoder.
var zstdStream = codec{
	encode: func(payloads [][]byte) [][]byte {
		var buf bytes.Buffer
		w, err := klauspost.NewWriter(&buf, klauspost.WithEncoderConcurrency(1), klauspost.WithEncoderCRC(false), klauspost.WithWindowSize(zstdWindow))
		if err != nil {
			panic(err)
		}
		return flushed(w, &buf, payloads)
	},
	decoders: []decoder{
		{"sluice", inGo(openZstd)},
		{"klauspost", inGo(openKlauspost)},
	},
}

// BenchmarkZstd decodes zstd-stream with each decoder under each load.
func BenchmarkZstd(b *testing.B) { zstdStream.bench(b) }

// BenchmarkZstdRace runs the decoders of BenchmarkZstd against each other.
func BenchmarkZstdRace(b *testing.B) { zstdStream.race(b) }

// openZstd opens streams that share a decoder, as those of one loop.
func openZstd() func() codecStream {
	d := new(zstd.Decoder)
	return func() codecStream { return &ownStream{decoder: d} }
}

// An ownStream is decoded by this project's package.
type ownStream struct {
	decoder *zstd.Decoder
	stream  zstd.Stream
}

func (s *ownStream) reset() error {
	s.stream.Reset()
	return nil
}

func (s *ownStream) decode(message []byte, _ int) ([]byte, error) {
	out, done, err := s.decoder.Decode(&s.stream, message, codecLimit)
	if err == nil && !done {
		err = io.ErrUnexpectedEOF
	}
	return out, err
}

// openKlauspost opens streams that share the memory of their output.
func openKlauspost() func() codecStream {
	out := make([]byte, codecLimit)
	return func() codecStream {
		r, err := klauspost.NewReader(nil, klauspost.WithDecoderConcurrency(1), klauspost.WithDecoderLowmem(true))
		if err != nil {
			panic(err)
		}
		return &klauspostStream{reader: r, out: out}
	}
}

type klauspostStream struct {
	reader *klauspost.Decoder
	source messageReader
	out    []byte
}

func (s *klauspostStream) reset() error { return s.reader.Reset(&s.source) }

func (s *klauspostStream) decode(message []byte, size int) ([]byte, error) {
	s.source.message = message
	_, err := io.ReadFull(s.reader, s.out[:size])
	return s.out[:size], err
}

// A messageReader reads a message. It has no other methods, as klauspost's
// decoder takes sources that it knows for whole streams.
type messageReader struct{ message []byte }

func (r *messageReader) Read(p []byte) (n int, err error) {
	if len(r.message) == 0 {
		return 0, io.EOF
	}
	n = copy(p, r.message)
	r.message = r.message[n:]
	return n, nil
}
