package bench

import (
	"sync"
	"testing"

	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/lazyjson"
)

// steadyPayloads are the events that one shard gets, without compression.
var steadyPayloads = sync.OnceValue(func() [][]byte {
	g := traffic.New(1)
	payloads := make([][]byte, steadyEvents)
	for i := range payloads {
		payloads[i] = g.AppendEvent(nil, int64(i+1))
	}
	return payloads
})

// steadyFrames are the same as a server writes them.
var steadyFrames = sync.OnceValue(func() [][]byte {
	payloads := steadyPayloads()
	frames := make([][]byte, len(payloads))
	for i, p := range payloads {
		frames[i] = frame.AppendServerFrame(nil, frame.OpBinary, p)
	}
	return frames
})

// BenchmarkFrame takes a message out of the bytes that a server wrote. Like the
// two that follow, it goes over all events in turn.
func BenchmarkFrame(b *testing.B) {
	frames := steadyFrames()
	var a frame.Assembler
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, n, err := a.Next(frames[i%len(frames)]); n == 0 || err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkPeek finds op, s, t and d.
func BenchmarkPeek(b *testing.B) {
	payloads := steadyPayloads()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := lazyjson.Peek(payloads[i%len(payloads)]); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkEventType turns t into a bit of an event set.
func BenchmarkEventType(b *testing.B) {
	payloads := steadyPayloads()
	names := make([][]byte, len(payloads))
	for i, p := range payloads {
		env, err := lazyjson.Peek(p)
		if err != nil {
			b.Fatal(err)
		}
		names[i] = env.Type(p)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if gateway.ParseEventType(names[i%len(names)]) == gateway.EventUnknown {
			b.Fatal("an event of the traffic is not known")
		}
	}
}

// BenchmarkFramePeek is the frame's header and the peek of one event of 820
// bytes, in cache, as an event is that has just been read.
func BenchmarkFramePeek(b *testing.B) {
	typical := steadyPayloads()[0]
	for _, p := range steadyPayloads() {
		if abs(len(p)-820) < abs(len(typical)-820) {
			typical = p
		}
	}
	message := frame.AppendServerFrame(nil, frame.OpBinary, typical)
	var a frame.Assembler
	b.ReportAllocs()
	for b.Loop() {
		m, n, err := a.Next(message)
		if n == 0 || err != nil {
			b.Fatal(err)
		}
		if env, err := lazyjson.Peek(m.Payload); err != nil || env.Seq < 0 {
			b.Fatal(err)
		}
	}
}

func abs(n int) int { return max(n, -n) }

// BenchmarkEnvelope is frame, peek and event type over all the events in turn,
// which do not fit into a processor's cache.
func BenchmarkEnvelope(b *testing.B) {
	frames := steadyFrames()
	var a frame.Assembler
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m, n, err := a.Next(frames[i%len(frames)])
		if n == 0 || err != nil {
			b.Fatal(err)
		}
		env, err := lazyjson.Peek(m.Payload)
		if err != nil || gateway.ParseEventType(env.Type(m.Payload)) == gateway.EventUnknown {
			b.Fatal(err)
		}
	}
}

// BenchmarkValid walks a whole payload, which the way of the data does not do.
func BenchmarkValid(b *testing.B) {
	payloads := steadyPayloads()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if !lazyjson.Valid(payloads[i%len(payloads)]) {
			b.Fatal("not valid")
		}
	}
}
