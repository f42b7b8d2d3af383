package engine_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestOverview: what it tells is what happened, and its sums are those of Stats.
func TestOverview(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		const shards = 8
		srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards),
			gatewaytest.WithIdentifyInterval(0), gatewaytest.WithHeartbeatInterval(time.Second))
		c := connect(t, srv, func(config *engine.Config) { config.Driver = driver })
		c.On(gateway.Events(gateway.EventTypingStart), func(*engine.Event) { time.Sleep(2 * time.Millisecond) })
		if o := c.Overview(); o.Callbacks.Count() != o.Events || len(o.Closes) != 0 {
			t.Errorf("at the beginning: %+v", o.Stats)
		}
		allReady := func() bool { return c.Overview().States[lifecycle.Ready] == shards }
		eventually(t, "READY", allReady)
		for i := range shards {
			srv.Dispatch(i, "TYPING_START", []byte(`{}`))
		}
		c.wait(t, "TYPING_START", func() bool { return c.names["TYPING_START"] == shards })
		if err := c.Shard(0).Send(t.Context(), []byte(`{"op":3,"d":{"since":null,"activities":[],"status":"idle","afk":false}}`)); err != nil {
			t.Fatal(err)
		}
		if o := c.Overview(); o.Commands != 1 || o.PermitsUsed != 1 || o.PermitsLeft < shards {
			t.Errorf("%d commands, %d permits used, %d left", o.Commands, o.PermitsUsed, o.PermitsLeft)
		}
		srv.CloseWith(0, 4009, "")
		srv.CloseWith(1, 4242, "")
		srv.Drop(2)
		srv.Reconnect(3)
		eventually(t, "the end of four connections", func() bool { return c.Overview().Reconnects == 4 && allReady() })
		eventually(t, "heartbeats", func() bool { return c.Overview().Heartbeats.Count() >= shards })

		before := c.Stats()
		o := c.Overview()
		after := c.Stats()
		if o.BytesWire < before.BytesWire || o.BytesWire > after.BytesWire || o.Resumed != 3 || o.BytesMessage >= o.BytesJSON || o.BytesMessage == 0 {
			t.Errorf("%+v", o.Stats)
		}
		want := []engine.CloseCount{
			{Code: 1006, By: lifecycle.ByNobody, Count: 1},
			{Code: 4009, By: lifecycle.ByGateway, Count: 1},
			{Code: 4242, By: lifecycle.ByGateway, Count: 1},
			{Code: 4000, By: lifecycle.ByEngine, Count: 1},
		}
		if !slices.Equal(o.Closes, want) {
			t.Errorf("ends: %v, want %v", o.Closes, want)
		}
		if n := o.Callbacks.Count(); n != o.Events {
			t.Errorf("%d events, the histogram has %d", o.Events, n)
		}
		if o.Callbacks.Sum != o.InCallbacks || o.Callbacks.Quantile(1) < 2*time.Millisecond || o.Heartbeats.Quantile(1) == 0 || o.Heartbeats.Sum == 0 {
			t.Errorf("callbacks took %v, at most %v; heartbeats %v", o.Callbacks.Sum, o.Callbacks.Quantile(1), o.Heartbeats.Sum)
		}
		if o.Windows < shards<<10 {
			t.Errorf("%d bytes of windows", o.Windows)
		}
		sum := 0
		var busy time.Duration
		for _, l := range o.Loops {
			sum += l.Shards
			busy += l.Busy
		}
		if sum != shards || o.TLSLent > 0 && busy == 0 || driver == engine.PortableDriver && busy > 0 { // only event loops lend records
			t.Errorf("%d shards on loops that were busy for %v", sum, busy)
		}
		byLoop := func() map[int]uint64 {
			events := map[int]uint64{}
			for _, l := range c.Loops() {
				events[l.Number] += l.Events
			}
			return events
		}
		had := byLoop()
		if err := c.RemoveShards(t.Context(), c.Shard(7)); err != nil {
			t.Fatal(err)
		}
		for number, events := range byLoop() {
			if events < had[number] {
				t.Errorf("loop %d had %d events, and %d when a shard was gone", number, had[number], events)
			}
		}
		c.end(t)
		if o := c.Overview(); o.States[lifecycle.Stopped] != shards-1 || o.PermitsLeft != 0 {
			t.Errorf("at the end: %v, %d permits", o.States, o.PermitsLeft)
		}
	})
}
