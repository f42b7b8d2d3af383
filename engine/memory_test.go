package engine

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/sluice-go/sluice/engine/internal/inflow"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// compressed sends a payload over a connection's one stream.
func (p *peer) compressed(e *wiretest.Encoder, payload string) {
	p.raw(frame.AppendServerFrame(nil, frame.OpBinary, e.Message(payload)))
}

// TestWindowsAreGivenBack when a connection ends, however it does.
func TestWindowsAreGivenBack(t *testing.T) {
	for _, how := range []string{"drop", "damage", "shutdown", "goexit"} {
		synctest.Test(t, func(t *testing.T) {
			before, lent := inflow.WindowsLent(), pool.Lent()
			r := prepare(t, func(c *Config) { c.Compression = ZlibStream })
			if how == "goexit" {
				r.On(messages, func(*Event) { runtime.Goexit() })
			}
			r.run()
			var peers []*peer
			open := func() *peer {
				p := r.net.accept(t)
				peers = append(peers, p)
				return p
			}
			p, e := open(), wiretest.NewEncoder(t, ZlibStream.String())
			p.compressed(e, testHello)
			p.expect(`{"op":2,`)
			p.compressed(e, strings.Replace(testReady, "wss://us-east1-b.discord.gg", "ws://resume.discord.gg", 1))
			synctest.Wait()
			if n := inflow.WindowsLent() - before; n != 1 {
				t.Errorf("%s: %d windows for one connection", how, n)
			}
			switch how {
			case "drop":
				p.drop()
				open()
			case "damage":
				p.raw(frame.AppendServerFrame(nil, frame.OpBinary, []byte("no deflate")))
				p.goodbye()
				open()
			case "goexit":
				p.compressed(e, wiretest.Event(2))
				p.expect("close 4000")
			}
			synctest.Wait()
			if n := inflow.WindowsLent() - before; n != 0 && how != "shutdown" {
				t.Errorf("%s: %d windows are not given back", how, n)
			}
			r.stop()
			if how == "shutdown" {
				p.goodbye()
			} else if how != "goexit" {
				peers[1].drop()
			}
			if err := <-r.result; err != nil {
				t.Error(err)
			}
			if w, b := inflow.WindowsLent()-before, pool.Lent()-lent; w != 0 || b != 0 {
				t.Errorf("%s: at the end %d windows and %d buffers are not given back", how, w, b)
			}
			for _, p := range peers {
				p.drop()
				close(p.out)
			}
		})
	}
}

// TestLargeEventLeavesNothing: after a GUILD_CREATE of several megabytes a
// connection holds what it held before.
func TestLargeEventLeavesNothing(t *testing.T) {
	for c := ZlibStream; c <= NoCompression; c++ {
		synctest.Test(t, func(t *testing.T) {
			seen := 0
			r := prepare(t, func(config *Config) { config.Compression = c })
			r.On(gateway.AllDispatches(), func(ev *Event) { seen += len(ev.Data) })
			r.run()
			p, e := r.net.accept(t), wiretest.NewEncoder(t, c.String())
			p.compressed(e, testHello)
			p.expect(`{"op":2,`)
			p.compressed(e, strings.Replace(testReady, "wss://us-east1-b.discord.gg", "ws://resume.discord.gg", 1))
			seq := int64(1)
			next := func(text string) {
				seq++
				p.compressed(e, fmt.Sprintf(`{"t":"GUILD_CREATE","s":%d,"op":0,"d":{"x":"%s"}}`, seq, text))
				synctest.Wait()
			}
			calm := func() { // so long that the loop takes a small read buffer again
				for range 50 {
					next("small")
				}
			}
			for range 100 { // what a window holds in any case
				next(strings.Repeat(fmt.Sprint(seq), 3000))
			}
			calm()
			lent, held := pool.LentBytes(), liveHeap()
			next(strings.Repeat("large ", 1<<20))
			calm()
			if seen < 6<<20 {
				t.Fatalf("%v: only %d bytes were delivered", c, seen)
			}
			if n := pool.LentBytes() - lent; n != 0 {
				t.Errorf("%v: %d bytes of buffers are still lent", c, n)
			}
			if n := liveHeap() - held; n > 256<<10 {
				t.Errorf("%v: the heap keeps %d bytes", c, n)
			}
			r.end(p)
		})
	}
}

// liveHeap returns the bytes that the heap holds when nothing is left to collect;
// pools need two collections.
func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
