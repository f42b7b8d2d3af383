package bench

import (
	"bytes"
	"compress/zlib"
	"context"
	"io"
	"log/slog"
	"net"
	"runtime"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

// BenchmarkLine is the whole way of the data, from the connection's Read to the
// callback, without a kernel and TLS: the connection is played from memory.
func BenchmarkLine(b *testing.B) {
	for _, compression := range []engine.Compression{
		engine.NoCompression, engine.PayloadCompression, engine.ZlibStream, engine.ZstdStream,
	} {
		b.Run(compression.String(), func(b *testing.B) { benchmarkLine(b, compression) })
	}
}

func benchmarkLine(b *testing.B, compression engine.Compression) {
	benchmarkLap(b, compression, steadyLap(b, compression))
}

// benchmarkLap plays a lap again and again, b.N events in all.
func benchmarkLap(b *testing.B, compression engine.Compression, lap *lap) {
	ctx, cancel := context.WithCancel(b.Context())
	conn := newPlayback(lap, b.N)
	eng, err := engine.New(engine.Config{
		Token:       engine.NewToken("token"),
		Shards:      engine.Shards{Total: 1},
		Compression: compression,
		GatewayURL:  "ws://127.0.0.1",
		Dial:        func(context.Context, string, string) (net.Conn, error) { return conn, nil },
		Logger:      slog.New(slog.DiscardHandler),
	})
	if err != nil {
		b.Fatal(err)
	}
	var before, after runtime.MemStats
	events := 0
	eng.On(gateway.AllDispatches(), func(*engine.Event) {
		switch events++; events {
		case 1:
			runtime.ReadMemStats(&before)
			b.ResetTimer()
		case b.N + 1:
			b.StopTimer()
			runtime.ReadMemStats(&after)
			cancel()
		}
	})
	if err := eng.Run(ctx); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(after.Mallocs-before.Mallocs)/float64(b.N), "allocs/event")
	b.SetBytes(lap.json / int64(len(lap.ends)))
}

// lap is a connection's stream of two sessions, each from READY on. It can be
// played again and again on one connection: it refers to nothing before its
// start, and the READY of another session begins the sequence anew.
type lap struct {
	head []byte // of the first message, once only
	data []byte // frames
	ends []int  // of each frame in data
	json int64  // bytes, decompressed
}

// steadyLap is of generated events.
func steadyLap(b *testing.B, compression engine.Compression) *lap {
	g := traffic.New(1)
	return encodeLap(b, compression, steadyEvents/2, func(seq int64) []byte { return g.AppendEvent(nil, seq) })
}

// encodeLap makes a lap of two sessions of so many events each, which next returns one after another as
// payloads with the sequence that it is given.
func encodeLap(b *testing.B, compression engine.Compression, events int, next func(seq int64) []byte) *lap {
	var payloads [][]byte
	for _, session := range []string{"a", "b"} {
		ready := traffic.Ready(nil, traffic.ReadyOptions{SessionID: session, ResumeURL: "ws://127.0.0.1", ShardCount: 1})
		payloads = append(payloads, traffic.AppendPayload(nil, "READY", 1, ready))
		for i := range events {
			payloads = append(payloads, next(int64(i+2)))
		}
	}
	encode := newMessageEncoder(b, compression)
	l := &lap{}
	for i, p := range payloads {
		l.json += int64(len(p))
		op, message := encode(p)
		if i == 0 {
			n := streamHeader(compression)
			l.head, message = message[:n], message[n:]
		}
		l.data = frame.AppendServerFrame(l.data, op, message)
		l.ends = append(l.ends, len(l.data))
	}
	return l
}

// streamHeader returns how many bytes begin a stream and do not come again: the
// zlib header, or klauspost's zstd frame header, which has a window descriptor
// and neither a dictionary nor a content size.
func streamHeader(compression engine.Compression) int {
	switch compression {
	case engine.ZlibStream:
		return 2
	case engine.ZstdStream:
		return 6
	}
	return 0
}

// newMessageEncoder returns what makes of each payload the message that a
// gateway would send.
func newMessageEncoder(b *testing.B, compression engine.Compression) func([]byte) (frame.Opcode, []byte) {
	var buf bytes.Buffer
	message := func(err error) (frame.Opcode, []byte) {
		if err != nil {
			b.Fatal(err)
		}
		m := bytes.Clone(buf.Bytes())
		buf.Reset()
		return frame.OpBinary, m
	}
	type flusher interface {
		io.Writer
		Flush() error
	}
	flushed := func(w flusher) func([]byte) (frame.Opcode, []byte) {
		return func(p []byte) (frame.Opcode, []byte) {
			if _, err := w.Write(p); err != nil {
				b.Fatal(err)
			}
			return message(w.Flush())
		}
	}
	switch compression {
	case engine.ZlibStream:
		return flushed(zlib.NewWriter(&buf))
	case engine.ZstdStream:
		w, err := zstd.NewWriter(&buf, zstd.WithEncoderConcurrency(1), zstd.WithWindowSize(256<<10))
		if err != nil {
			b.Fatal(err)
		}
		return flushed(w)
	case engine.PayloadCompression:
		return func(p []byte) (frame.Opcode, []byte) {
			w := zlib.NewWriter(&buf)
			if _, err := w.Write(p); err != nil {
				b.Fatal(err)
			}
			return message(w.Close())
		}
	}
	return func(p []byte) (frame.Opcode, []byte) { return frame.OpText, p }
}
