package bench

import (
	"io"
	"testing"
)

// A codec is a transport compression: its encoder, the traffic that it makes
// of payloads, and the decoders that run against each other.
type codec struct {
	encode   func(payloads [][]byte) (messages [][]byte)
	decoders []decoder

	traffics map[*load]*codecTraffic
}

// A decoder decodes the traffic on several streams, one message of each in
// turn, which are two messages apart. What start returns decodes n messages,
// and returns the size of their payloads.
type decoder struct {
	name  string
	start func(b *testing.B, traffic *codecTraffic, streams int) (turns func(n int) int)
}

// A load is a way in which messages come.
type load struct {
	name     string
	payloads func() [][]byte
	streams  int
	lap      int // messages of a lap of a race
}

// loads are one hot stream of small events, the first large payloads of a
// connection, and as many streams in turn, each somewhere else in those events.
var loads = []*load{
	{"steady", steadyPayloads, 1, 5000},
	{"startup", startupPayloads, 1, 201},
	{"cold500", steadyPayloads, 500, 10_000},
}

// codecLimit is over every payload here.
const codecLimit = 16 << 20

// bench decodes with each decoder under each load.
func (c *codec) bench(b *testing.B) {
	for _, load := range loads {
		for _, decoder := range c.decoders {
			b.Run(load.name+"/"+decoder.name, func(b *testing.B) {
				turns := decoder.start(b, c.traffic(load), load.streams)
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

// A codecStream decodes the messages of one connection. The output of decode,
// of which the size is known, may be overwritten by the next call on any
// stream of its kind.
type codecStream interface {
	reset() error
	decode(message []byte, size int) ([]byte, error)
}

// inGo is start of a decoder in Go. What open returns opens the streams of
// one loop.
func inGo(open func() func() codecStream) func(*testing.B, *codecTraffic, int) func(int) int {
	return func(b *testing.B, traffic *codecTraffic, count int) func(int) int {
		one := open()
		r := &codecRun{traffic, make([]codecStream, count), make([]int, count), 0}
		for i := range count {
			r.streams[i] = one()
			for range 1 + 2*i {
				r.decode(b, i)
			}
		}
		return func(n int) (size int) {
			for range n {
				if r.turn++; r.turn >= count {
					r.turn = 0
				}
				size += r.decode(b, r.turn)
			}
			return size
		}
	}
}

// A codecRun decodes the same traffic on several streams.
type codecRun struct {
	traffic *codecTraffic
	streams []codecStream
	at      []int // the next message of each stream
	turn    int
}

// decode decodes the next message of a stream, which begins again after the
// last one, and returns the size of its payload.
func (r *codecRun) decode(b *testing.B, stream int) int {
	at := r.at[stream]
	message, size := r.traffic.messages[at], r.traffic.sizes[at]
	var err error
	if at == 0 {
		err = r.streams[stream].reset()
	}
	var out []byte
	if err == nil {
		out, err = r.streams[stream].decode(message, size)
	}
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
