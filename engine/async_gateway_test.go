package engine_test

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// TestAsyncHoldsOneShard: a callback that does not keep up with one shard has the
// gateway wait for that one; the bound holds, heartbeats go on, and the shards of
// the same loop notice nothing. In the end nothing is lost.
func TestAsyncHoldsOneShard(t *testing.T) {
	const bound, events = 16, 2500
	// Behind the nth of its events shard 0 is told another interval, which the server
	// itself does not insist on: a heartbeat may be late on a machine with much to do.
	hello := func(nth int, interval time.Duration) fault.Fault {
		return fault.Fault{Point: fault.AtEvent, Shards: []int{0}, Nth: nth, Action: fault.ActionSend,
			Text: fmt.Sprintf(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":%d}}`, interval.Milliseconds())}
	}
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		shards := 8 * runtime.GOMAXPROCS(0) // two for each loop, at least
		srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards),
			gatewaytest.WithIdentifyInterval(0), gatewaytest.WithFaults(hello(1, time.Second), hello(events/2, time.Minute)))
		c := connect(t, srv, func(config *engine.Config) {
			config.Driver, config.Compression = driver, engine.NoCompression
		})
		gate := make(chan struct{})
		var mu sync.Mutex
		var slow []int64
		c.On(gateway.Events(gateway.EventMessageCreate), engine.Async(func(ev *engine.Event) {
			if ev.Shard.ID() == 0 {
				<-gate
			}
			mu.Lock()
			defer mu.Unlock()
			if ev.Shard.ID() == 0 {
				slow = append(slow, ev.Seq)
			}
		}, engine.AsyncOptions{Queue: bound}))
		c.wait(t, "READY", func() bool { return c.names["READY"] == shards })

		// More than the system holds of a connection.
		message := fmt.Appendf(nil, `{"content":"%s"}`, strings.Repeat("x", 8000))
		for range events {
			srv.Dispatch(0, "MESSAGE_CREATE", message)
		}
		eventually(t, "a full queue", func() bool { return c.Shard(0).Stats().QueuedHighest >= bound })
		full := time.Now()
		beats := func() (n int) {
			for _, payload := range srv.Received(0) {
				if bytes.Contains(payload, []byte(`"op":1,`)) {
					n++
				}
			}
			return n
		}
		before, others := beats(), 0
		for range 20 {
			for shard := 1; shard < shards; shard++ {
				others += srv.Dispatch(shard, "TYPING_START", []byte(`{}`))
			}
			c.wait(t, "TYPING_START", func() bool { return c.names["TYPING_START"] == others })
		}
		eventually(t, "heartbeats", func() bool { return beats() >= before+2 })
		waited := time.Since(full)
		st := c.Shard(0).Stats()
		if most := bound + 64<<10/len(message); st.Queued > most || st.QueuedHighest > most {
			t.Errorf("%d events queued, %d at most, want no more than a bound and a read: %d", st.Queued, st.QueuedHighest, most)
		}
		if st.Events > bound+100 || st.Lag < waited { // of an event that was read before the queue was full
			t.Errorf("%d events were read while nobody took any; lag %v, of a queue that was full for %v", st.Events, st.Lag, waited)
		}
		for _, s := range srv.Report().Sessions {
			if s.Shard == 0 && s.LastSeq > events/2 {
				t.Errorf("the gateway was not slowed down: it has written %d of %d", s.LastSeq, events)
			}
		}
		close(gate)
		c.wait(t, "the end", func() bool { return c.names["MESSAGE_CREATE"] == events })
		c.check(t, srv)
		c.end(t)
		if len(slow) != events {
			t.Errorf("%d of %d events were taken", len(slow), events)
		}
		for i, seq := range slow {
			if seq != int64(i+2) {
				t.Fatalf("event %d has sequence %d", i, seq)
			}
		}
		if st := c.Stats(); st.Reconnects != 0 || st.Dropped != 0 || st.Queued != 0 {
			t.Errorf("%d reconnects, %d dropped, %d queued", st.Reconnects, st.Dropped, st.Queued)
		}
	})
}
