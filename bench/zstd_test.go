package bench

import (
	"io"
	"testing"

	klauspost "github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/internal/zstd"
)

// zstdLimit is over every payload here.
const zstdLimit = 16 << 20

// zstdLoads are the ways in which messages come: steady is one hot stream of
// small events, cold500 as many streams in turn, each somewhere else in those
// events, startup the first large payloads of connections.
var zstdLoads = []struct {
	name    string
	traffic func() *zstdTraffic
	streams int
	lap     int // messages of a lap of BenchmarkZstdRace
}{
	{"steady", zstdSteady, 1, 5000},
	{"startup", zstdStartup, 1, 201},
	{"cold500", zstdSteady, 500, 5000},
}

// zstdDecoders run a load each in their way. A build tag adds libzstd.
var zstdDecoders = []zstdDecoder{
	{"sluice", zstdRunner(newSluiceZstd)},
	{"klauspost", zstdRunner(newKlauspostZstd)},
}

// A zstdDecoder decodes the traffic on several streams, one message of each
// in turn, which are two messages apart. What start returns decodes n
// messages, and returns the size of their payloads.
type zstdDecoder struct {
	name  string
	start func(b *testing.B, traffic *zstdTraffic, streams int) (turns func(n int) int)
}

// BenchmarkZstd decodes zstd-stream with each decoder under each load.
func BenchmarkZstd(b *testing.B) {
	for _, load := range zstdLoads {
		for _, decoder := range zstdDecoders {
			b.Run(load.name+"/"+decoder.name, func(b *testing.B) {
				turns := decoder.start(b, load.traffic(), load.streams)
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

// A zstdStream decodes the messages of one connection. The output of decode,
// of which the size is known, may be overwritten by the next call on any
// stream of its kind.
type zstdStream interface {
	reset() error
	decode(message []byte, size int) ([]byte, error)
}

// zstdRunner starts runs over streams that open returns functions to open.
func zstdRunner(open func() func() zstdStream) func(*testing.B, *zstdTraffic, int) func(int) int {
	return func(b *testing.B, traffic *zstdTraffic, count int) func(int) int {
		one := open()
		streams, at := make([]zstdStream, count), make([]int, count)
		decode := func(i int) int {
			message, size := traffic.messages[at[i]], traffic.sizes[at[i]]
			var err error
			if at[i] == 0 {
				err = streams[i].reset()
			}
			var out []byte
			if err == nil {
				out, err = streams[i].decode(message, size)
			}
			if err == nil && len(out) != size {
				err = io.ErrShortWrite
			}
			if err != nil {
				b.Fatalf("message %d: %v", at[i], err)
			}
			if at[i]++; at[i] == len(traffic.messages) {
				at[i] = 0
			}
			return size
		}
		for i := range streams {
			streams[i] = one()
			for range 1 + 2*i {
				decode(i)
			}
		}
		turn := 0
		return func(n int) (size int) {
			for range n {
				if turn++; turn >= count {
					turn = 0
				}
				size += decode(turn)
			}
			return size
		}
	}
}

// newSluiceZstd opens streams that share a decoder, as those of one loop.
func newSluiceZstd() func() zstdStream {
	d := new(zstd.Decoder)
	return func() zstdStream { return &sluiceZstd{decoder: d} }
}

type sluiceZstd struct {
	decoder *zstd.Decoder
	stream  zstd.Stream
}

func (s *sluiceZstd) reset() error {
	s.stream.Reset()
	return nil
}

func (s *sluiceZstd) decode(message []byte, _ int) ([]byte, error) {
	return s.decoder.Decode(&s.stream, message, zstdLimit)
}

// newKlauspostZstd opens streams that share the memory of their output.
func newKlauspostZstd() func() zstdStream {
	out := make([]byte, zstdLimit)
	return func() zstdStream {
		r, err := klauspost.NewReader(nil, klauspost.WithDecoderConcurrency(1), klauspost.WithDecoderLowmem(true))
		if err != nil {
			panic(err)
		}
		return &klauspostZstd{reader: r, out: out}
	}
}

type klauspostZstd struct {
	reader *klauspost.Decoder
	source messageReader
	out    []byte
}

func (s *klauspostZstd) reset() error { return s.reader.Reset(&s.source) }

func (s *klauspostZstd) decode(message []byte, size int) ([]byte, error) {
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
