package engine

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
	"github.com/sluice-go/sluice/pool"
)

// wireTraffic returns the frames of n events of a bot's traffic, from sequence 2
// on, and the bytes of their payloads.
func wireTraffic(e *wiretest.Encoder, n int) (wire []byte, payloads int) {
	g := traffic.New(1)
	op := frame.OpBinary
	if e.Plain {
		op = frame.OpText
	}
	var payload []byte
	for seq := range n {
		payload = g.AppendEvent(payload[:0], int64(seq+2))
		payloads += len(payload)
		wire = frame.AppendServerFrame(wire, op, e.Message(string(payload)))
	}
	return wire, payloads
}

// TestNoAllocations: from the connection's Read to the callback, nothing is
// allocated for an event, whatever the compression.
func TestNoAllocations(t *testing.T) {
	warm, measured := 2000, 6000
	if pool.Poisoning { // and thus slow: this is then a test of the loans
		warm, measured = 200, 300
	}
	for c := ZlibStream; c <= NoCompression; c++ {
		t.Run(c.String(), func(t *testing.T) {
			e := wiretest.NewEncoder(t, c.String())
			hello, ready := e.Message(testHello), e.Message(testReady)
			wire, _ := wireTraffic(e, warm+measured)

			r := prepare(t, func(config *Config) { config.Compression = c })
			var before, after runtime.MemStats
			done := make(chan struct{})
			events, bytes := 0, 0
			r.On(gateway.AllDispatches().Without(gateway.Events(gateway.EventReady)), func(ev *Event) {
				bytes += len(ev.Data)
				switch events++; events {
				case warm:
					runtime.ReadMemStats(&before)
				case warm + measured:
					runtime.ReadMemStats(&after)
					close(done)
				}
			})
			r.run()
			p := r.net.accept(t)
			p.raw(frame.AppendServerFrame(nil, frame.OpBinary, hello))
			p.expect(`{"op":2,`)
			p.raw(frame.AppendServerFrame(nil, frame.OpBinary, ready))
			p.raw(wire)
			<-done
			r.end(p)
			per := float64(after.Mallocs-before.Mallocs) / float64(measured)
			t.Logf("%.4f allocations and %.0f bytes an event", per, float64(after.TotalAlloc-before.TotalAlloc)/float64(measured))
			// The collector may empty a pool in between; one buffer in a hundred
			// events is not one an event.
			if !pool.Poisoning && per > 0.01 {
				t.Errorf("%.4f allocations an event, want 0", per)
			}
		})
	}
}

// TestDispatchAllocatesNothing, exactly, from the bytes of a read to the callback.
func TestDispatchAllocatesNothing(t *testing.T) {
	if pool.Poisoning {
		t.Skip("race builds give nothing back to pools")
	}
	r := newStand(t, nil).ready()
	calls := 0
	r.on(gateway.Events(gateway.EventMessageCreate), func(ev *Event) { calls += len(ev.Data) })
	var feeds [][]byte
	for seq := range 1200 {
		text := frame.AppendServerFrame(nil, frame.OpText, []byte(wiretest.Event(seq+2)))
		feeds = append(feeds, text[:20], text[20:]) // an unfinished frame each
	}
	i := 0
	allocs := testing.AllocsPerRun(1000, func() {
		r.core.Feed(r.now, feeds[i])
		r.core.Feed(r.now, feeds[i+1])
		i += 2
	})
	if allocs != 0 || calls == 0 {
		t.Errorf("%v allocations an event, %d bytes delivered", allocs, calls)
	}
}

// BenchmarkFeed is the way of the data without a socket: frame, decompress, peek,
// deliver.
func BenchmarkFeed(b *testing.B) {
	for c := ZlibStream; c <= NoCompression; c++ {
		b.Run(c.String(), func(b *testing.B) {
			const events = 5000
			e := wiretest.NewEncoder(b, c.String())
			opening := frame.AppendServerFrame(nil, frame.OpBinary, e.Message(testHello))
			ready := frame.AppendServerFrame(nil, frame.OpBinary, e.Message(testReady))
			wire, payloads := wireTraffic(e, events)
			b.SetBytes(int64(payloads / events))
			b.ReportAllocs()
			b.ResetTimer()
			for n := 0; n < b.N; n += events {
				b.StopTimer()
				r := newStand(b, nil, func(config *Config) { config.Compression = c })
				bytes := 0
				r.on(gateway.AllDispatches(), func(ev *Event) { bytes += len(ev.Data) })
				r.dial()
				r.frames(slices.Clone(opening))
				r.permit()
				r.frames(slices.Clone(ready))
				b.StartTimer()
				for rest := wire; len(rest) > 0; {
					n := min(64<<10, len(rest))
					r.core.Feed(r.now, rest[:n])
					rest = rest[n:]
				}
				if bytes == 0 {
					b.Fatal(fmt.Sprint("nothing was delivered: ", r.core.Life().Cause))
				}
			}
		})
	}
}
