package bench

import (
	"bytes"
	stdzlib "compress/zlib"
	"io"
	"testing"

	"github.com/klauspost/compress/zlib"

	"github.com/sluice-go/sluice/internal/inflate"
)

// zlibLimit is over every payload here.
const zlibLimit = 16 << 20

// zlibLoads are the ways in which messages come: steady is one hot stream of
// small events, cold500 as many streams in turn, each somewhere else in those
// events, startup the first large payloads of connections.
var zlibLoads = []struct {
	name    string
	traffic func() *zlibTraffic
	streams int
	lap     int // messages of a lap of BenchmarkZlibRace
}{
	{"steady", steadyTraffic, 1, 5000},
	{"startup", startupTraffic, 1, 201},
	{"cold500", steadyTraffic, 500, 20_000},
}

// zlibDecoders are the rivals. A build tag adds one in C.
var zlibDecoders = []zlibDecoder{
	{"sluice", goZlib(newSluiceStreams())},
	{"klauspost", goZlib(func() zlibStream { return &readerStream{open: zlib.NewReader} })},
	{"stdlib", goZlib(func() zlibStream { return &readerStream{open: stdzlib.NewReader} })},
}

// A zlibDecoder opens streams for the same traffic, two messages apart, and
// returns what decodes n messages, one of each stream in turn, and returns
// the size of their payloads.
type zlibDecoder struct {
	name string
	open func(b *testing.B, traffic *zlibTraffic, streams int) (turns func(n int) int)
}

// BenchmarkZlib decodes zlib-stream with each decoder under each load.
func BenchmarkZlib(b *testing.B) {
	for _, load := range zlibLoads {
		for _, decoder := range zlibDecoders {
			b.Run(load.name+"/"+decoder.name, func(b *testing.B) {
				turns := decoder.open(b, load.traffic(), load.streams)
				var bytes int64
				b.ReportAllocs()
				for b.Loop() {
					bytes += int64(turns(1))
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N), "ns/event")
				b.SetBytes(bytes / int64(b.N))
			})
		}
	}
}

// A zlibStream decodes the messages of one connection. The output of decode,
// of which the size is known, may be overwritten by the next call on any
// stream of its kind.
type zlibStream interface {
	reset()
	decode(message []byte, size int) ([]byte, error)
}

// goZlib is open of a decoder in Go.
func goZlib(open func() zlibStream) func(*testing.B, *zlibTraffic, int) func(int) int {
	return func(b *testing.B, traffic *zlibTraffic, streams int) func(int) int {
		r := &zlibRun{traffic, make([]zlibStream, streams), make([]int, streams), 0}
		for i := range streams {
			r.streams[i] = open()
			for range 1 + 2*i {
				r.decode(b, i)
			}
		}
		return func(n int) (size int) {
			for range n {
				if r.turn++; r.turn >= streams {
					r.turn = 0
				}
				size += r.decode(b, r.turn)
			}
			return size
		}
	}
}

// A zlibRun decodes the same traffic on several streams.
type zlibRun struct {
	traffic *zlibTraffic
	streams []zlibStream
	at      []int // the next message of each stream
	turn    int
}

// decode decodes the next message of a stream, which begins again after the
// last one, and returns the size of its payload.
func (r *zlibRun) decode(b *testing.B, stream int) int {
	at := r.at[stream]
	if at == 0 {
		r.streams[stream].reset()
	}
	size := r.traffic.sizes[at]
	out, err := r.streams[stream].decode(r.traffic.messages[at], size)
	if err == nil && len(out) != size {
		err = io.ErrShortWrite
	}
	if err != nil {
		b.Fatalf("message %d: %v", at, err)
	}
	if at++; at == len(r.traffic.messages) {
		at = 0
	}
	r.at[stream] = at
	return size
}

// newSluiceStreams opens streams that share a decoder, as those of one loop.
func newSluiceStreams() func() zlibStream {
	d := new(inflate.Decoder)
	return func() zlibStream { return &sluiceStream{decoder: d} }
}

type sluiceStream struct {
	decoder *inflate.Decoder
	stream  inflate.Stream
}

func (s *sluiceStream) reset() { s.stream.Reset() }

func (s *sluiceStream) decode(message []byte, _ int) ([]byte, error) {
	out, done, err := s.decoder.Decode(&s.stream, message, zlibLimit)
	if err == nil && !done {
		err = io.ErrUnexpectedEOF
	}
	return out, err
}

// readerOutput is shared, so that each stream's output is as hot as the other
// decoders'.
var readerOutput = make([]byte, zlibLimit)

// A readerStream pulls from a library's reader. The source implements
// io.ByteReader, so that none puts a bufio.Reader around it.
type readerStream struct {
	open   func(io.Reader) (io.ReadCloser, error)
	source bytes.Buffer
	reader io.ReadCloser
	fresh  bool
}

func (s *readerStream) reset() { s.fresh = true }

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
	_, err = io.ReadFull(s.reader, readerOutput[:size])
	return readerOutput[:size], err
}
