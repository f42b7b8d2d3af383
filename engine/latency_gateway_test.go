package engine_test

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestLatency: events that may wait for others come all the same, each once and in order, while
// traffic begins, goes on and ends; callbacks that are slow, a queue that has the gateway wait,
// commands, the gateway's own heartbeat requests, and a shutdown in the middle of it.
func TestLatency(t *testing.T) {
	t.Parallel()
	const shards, events = 8, 1200
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0),
		gatewaytest.WithPacing(gatewaytest.PacingExact), gatewaytest.WithTraffic(400), gatewaytest.WithHeartbeatInterval(3*time.Second))
	var calls, queued atomic.Int64
	c := connect(t, srv, func(config *engine.Config) {
		config.Shards, config.Latency = engine.Shards{Total: shards}, 3*time.Millisecond
	}, func(e *engine.Engine) {
		e.On(gateway.AllDispatches(), func(*engine.Event) {
			if calls.Add(1)%500 == 0 {
				time.Sleep(20 * time.Millisecond) // a callback that takes its time
			}
		})
		e.On(gateway.AllDispatches(), engine.Async(func(*engine.Event) { queued.Add(1) }, engine.AsyncOptions{Queue: 16}))
	})
	for id := range shards {
		eventually(t, "a shard", func() bool { return c.Shard(id) != nil })
		s := c.Shard(id)
		if err := s.WaitReady(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), []byte(`{"op":3,"d":{"since":null,"activities":[],"status":"idle","afk":false}}`)); err != nil {
			t.Error(err)
		}
	}
	asked := 0
	eventually(t, "events", func() bool {
		if asked++; asked < 5*shards { // the gateway hangs up on who sends too much, also of these
			srv.RequestHeartbeat(asked % shards)
		}
		return calls.Load() >= shards*events
	})
	if err := srv.Quiesce(t.Context()); err != nil {
		t.Error(err)
	}
	c.check(t, srv)
	if r := srv.Report(); r.Resumes != 0 {
		t.Errorf("%d resumes", r.Resumes)
	}
	c.end(t)
	if n := c.Stats().Events; queued.Load() != calls.Load() || uint64(calls.Load()) != n {
		t.Errorf("%d calls, %d queued, of %d events", calls.Load(), queued.Load(), n)
	}
}

// TestLatencyIsBounded by New.
func TestLatencyIsBounded(t *testing.T) {
	for _, latency := range []time.Duration{-1, time.Second} {
		_, err := engine.New(engine.Config{Token: engine.NewToken("token"), Latency: latency})
		if err == nil || !strings.Contains(err.Error(), "Latency") {
			t.Errorf("%v: %v", latency, err)
		}
	}
}
