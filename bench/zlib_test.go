package bench

import (
	"bytes"
	stdzlib "compress/zlib"
	"io"
	"testing"

	"github.com/klauspost/compress/zlib"

	"github.com/sluice-go/sluice/internal/inflate"
)

// zlibStream is zlib-stream. A build tag adds a decoder in C, and its encoder.
var zlibStream = codec{
	encode: func(payloads [][]byte) [][]byte {
		var buf bytes.Buffer
		return flushed(stdzlib.NewWriter(&buf), &buf, payloads)
	},
	decoders: []decoder{
		{"sluice", inGo(openInflate)},
		{"klauspost", inGo(openReaders(zlib.NewReader))},
		{"stdlib", inGo(openReaders(stdzlib.NewReader))},
	},
}

// BenchmarkZlib decodes zlib-stream with each decoder under each load.
func BenchmarkZlib(b *testing.B) { zlibStream.bench(b) }

// BenchmarkZlibRace runs the decoders of BenchmarkZlib against each other.
func BenchmarkZlibRace(b *testing.B) { zlibStream.race(b) }

// openInflate opens streams that share a decoder, as those of one loop.
func openInflate() func() codecStream {
	d := new(inflate.Decoder)
	return func() codecStream { return &inflateStream{decoder: d} }
}

type inflateStream struct {
	decoder *inflate.Decoder
	stream  inflate.Stream
}

func (s *inflateStream) reset() error {
	s.stream.Reset()
	return nil
}

func (s *inflateStream) decode(message []byte, _ int) ([]byte, error) {
	out, done, err := s.decoder.Decode(&s.stream, message, codecLimit)
	if err == nil && !done {
		err = io.ErrUnexpectedEOF
	}
	return out, err
}

// openReaders opens streams that share the memory of their output, so that it
// is as hot as the other decoders'.
func openReaders(open func(io.Reader) (io.ReadCloser, error)) func() func() codecStream {
	return func() func() codecStream {
		out := make([]byte, codecLimit)
		return func() codecStream { return &readerStream{open: open, out: out} }
	}
}

// A readerStream pulls from a library's reader. The source implements
// io.ByteReader, so that none puts a bufio.Reader around it.
type readerStream struct {
	open   func(io.Reader) (io.ReadCloser, error)
	source bytes.Buffer
	reader io.ReadCloser
	fresh  bool
	out    []byte
}

func (s *readerStream) reset() error {
	s.fresh = true
	return nil
}

func (s *readerStream) decode(message []byte, size int) (out []byte, err error) {
	if s.fresh {
		s.source.Reset()
	}
	s.source.Write(message)
	if s.fresh {
		s.fresh = false
		if s.reader == nil {
			s.reader, err = s.open(&s.source)
		} else {
			err = s.reader.(stdzlib.Resetter).Reset(&s.source, nil)
		}
		if err != nil {
			return nil, err
		}
	}
	// A drained source is an error that stays. Where a reader's window is
	// full with the last byte, only the size tells that the end mark, still
	// in the source, is not to be read before the next message.
	_, err = io.ReadFull(s.reader, s.out[:size])
	return s.out[:size], err
}
