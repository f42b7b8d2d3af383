package bench

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"maps"
	"slices"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/trace"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/lazyjson"
)

var traceFile = flag.String("trace", "testdata/sample.trace", "the recorded traffic of BenchmarkTrace")

const (
	// traceBytes bounds what is taken of a trace: its first events up to so many bytes.
	traceBytes = 128 << 20

	// traceTypes is how many types of events have benchmarks of their own: those with the most bytes.
	traceTypes = 8
)

// sizeClasses are the sizes of payloads that have benchmarks of their own.
var sizeClasses = []int{256, 1 << 10, 4 << 10, traceBytes}

// recordedEvent is an event of a trace.
type recordedEvent struct {
	name string
	data []byte
	size int // of the payload
}

// recordedEvents are the events of the trace.
var recordedEvents = sync.OnceValues(func() (events []recordedEvent, err error) {
	r, err := trace.Open(*traceFile)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	total := 0
	for rec, err := range r.All() {
		if err != nil {
			return nil, err
		}
		env, err := lazyjson.Peek(rec.Payload)
		if rec.Kind != trace.Received || err != nil || env.Op != 0 || env.TypeEscaped {
			continue
		}
		name := string(env.Type(rec.Payload))
		if name == "" || name == "READY" || name == "RESUMED" {
			continue
		}
		if total += len(rec.Payload); total > traceBytes {
			break
		}
		events = append(events, recordedEvent{name, bytes.Clone(env.Data(rec.Payload)), len(rec.Payload)})
	}
	if len(events) == 0 {
		return nil, fmt.Errorf("%s holds no event", *traceFile)
	}
	return events, nil
})

// payload returns the event's payload with a sequence.
func (ev *recordedEvent) payload(seq int64) []byte {
	return traffic.AppendPayload(nil, ev.name, seq, ev.data)
}

// traceGroup is a part of a trace that is measured by itself.
type traceGroup struct {
	name   string
	events []recordedEvent
}

// groups takes a trace apart: all of it, the types with the most bytes, and the classes of sizes.
func groups(events []recordedEvent) []traceGroup {
	types := make(map[string][]recordedEvent)
	weight := make(map[string]int)
	sizes := make([]traceGroup, len(sizeClasses))
	for i, most := range sizeClasses {
		sizes[i].name = fmt.Sprintf("size=to%d", most)
	}
	sizes[len(sizes)-1].name = "size=more"
	for _, ev := range events {
		types[ev.name] = append(types[ev.name], ev)
		weight[ev.name] += ev.size
		class := slices.IndexFunc(sizeClasses, func(most int) bool { return ev.size <= most })
		sizes[class].events = append(sizes[class].events, ev)
	}
	heaviest := slices.SortedFunc(maps.Keys(types), func(a, b string) int {
		return cmp.Or(cmp.Compare(weight[b], weight[a]), cmp.Compare(a, b))
	})
	all := []traceGroup{{"all", events}}
	for _, name := range heaviest[:min(len(heaviest), traceTypes)] {
		all = append(all, traceGroup{"type=" + name, types[name]})
	}
	for _, size := range sizes {
		if len(size.events) > 0 {
			all = append(all, size)
		}
	}
	return all
}

// BenchmarkTrace measures every stage and the whole line on recorded traffic, an operation being an event:
//
//	go test -run='^$' -bench=Trace ./bench -args -trace=$PWD/bot.trace
//
// A part of the traffic is compressed by itself, so that a stream of one type of event is smaller and faster
// than those events are among others.
func BenchmarkTrace(b *testing.B) {
	events, err := recordedEvents()
	if err != nil {
		b.Fatal(err)
	}
	for _, group := range groups(events) {
		b.Run(group.name, func(b *testing.B) { group.bench(b) })
	}
	b.Run("file/read", benchmarkReadTrace)
	b.Run("file/redact", func(b *testing.B) { benchmarkRedact(b, events) })
}

func (g *traceGroup) bench(b *testing.B) {
	events := g.events
	if len(events) == 1 {
		events = append(events, events[0]) // for two sessions
	}
	payloads := make([][]byte, len(events))
	frames := make([][]byte, len(events))
	total := 0
	for i := range events {
		payloads[i] = events[i].payload(int64(i + 1))
		frames[i] = frame.AppendServerFrame(nil, frame.OpBinary, payloads[i])
		total += len(payloads[i])
	}
	mean := int64(total / len(payloads))
	stage := func(name string, run func(i int) error) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(mean)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if err := run(i % len(payloads)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	var a frame.Assembler
	stage("frame", func(i int) error {
		_, _, err := a.Next(frames[i])
		return err
	})
	stage("peek", func(i int) error {
		_, err := lazyjson.Peek(payloads[i])
		return err
	})
	stage("envelope", func(i int) error {
		m, _, err := a.Next(frames[i])
		if err != nil {
			return err
		}
		env, err := lazyjson.Peek(m.Payload)
		gateway.ParseEventType(env.Type(m.Payload))
		return err
	})
	stage("valid", func(i int) error { return lazyjson.Check(payloads[i]) })
	l := &load{name: g.name, payloads: func() [][]byte { return payloads }, streams: 1}
	for _, stream := range []struct {
		name  string
		codec *codec
	}{{"zlib-stream", &zlibStream}, {"zstd-stream", &zstdStream}} {
		c := stream.codec
		b.Run("decompress/"+stream.name, func(b *testing.B) {
			turns := c.decoders[0].start(b, c.traffic(l), 1)
			b.SetBytes(mean)
			b.ReportAllocs()
			for b.Loop() {
				turns(1)
			}
		})
		delete(c.traffics, l)
	}
	for _, compression := range []engine.Compression{engine.NoCompression, engine.PayloadCompression, engine.ZlibStream, engine.ZstdStream} {
		b.Run("line/"+compression.String(), func(b *testing.B) {
			next := 0
			benchmarkLap(b, compression, encodeLap(b, compression, len(events)/2, func(seq int64) []byte {
				next++
				return events[next-1].payload(seq)
			}))
		})
	}
}

// benchmarkReadTrace reads the file, record by record.
func benchmarkReadTrace(b *testing.B) {
	r, err := trace.Open(*traceFile)
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	b.SetBytes(r.Raw() / r.Records())
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		for _, err := range r.All() {
			if err != nil {
				b.Fatal(err)
			}
			if n++; n == b.N {
				break
			}
		}
	}
}

// benchmarkRedact redacts the events.
func benchmarkRedact(b *testing.B, events []recordedEvent) {
	redactor := trace.NewRedactor([]byte("benchmark"))
	var buf []byte
	total := int64(0)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		ev := &events[i%len(events)]
		buf = append(buf[:0], ev.data...)
		if err := redactor.Redact(buf); err != nil {
			b.Fatal(err)
		}
		total += int64(len(buf))
	}
	b.SetBytes(total / int64(b.N))
}

// TestSample: the sample can be read, is redacted, and small enough to lie here.
func TestSample(t *testing.T) {
	r, err := trace.Open("testdata/sample.trace")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	events, err := recordedEvents()
	if err != nil || len(events) < 4000 || r.Size() > 1<<20 || !r.Header().Redacted() || r.Dropped() > 0 {
		t.Errorf("%d events in %d bytes, redacted: %t, %d left out, %v", len(events), r.Size(), r.Header().Redacted(), r.Dropped(), err)
	}
}
