package engine_test

import (
	"bytes"
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestPresenceInReadyCallbacks: on each of many shards, which share few loops, the
// callback of READY sets the presence of all, without a deadline. None holds up what
// others wait for: all become ready, all callbacks return, and all shards have the
// presence in the end.
func TestPresenceInReadyCallbacks(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		const shards = 32
		srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0))
		var returned, refused atomic.Int32
		c := connect(t, srv, func(config *engine.Config) { config.Driver = driver }, func(e *engine.Engine) {
			e.On(gateway.Events(gateway.EventReady), func(ev *engine.Event) {
				err := e.UpdatePresence(context.Background(), &gateway.Presence{Status: gateway.StatusIdle})
				if err != nil {
					refused.Add(1)
					if !errors.Is(err, engine.ErrInCallback) {
						t.Error(err)
					}
				}
				returned.Add(1)
			})
		})
		eventually(t, "all callbacks return", func() bool { return returned.Load() == shards })
		for s := range c.Shards() {
			if err := s.WaitReady(t.Context()); err != nil {
				t.Fatal(err)
			}
			eventually(t, "the presence of a shard", func() bool {
				for _, payload := range srv.Received(s.ID()) {
					if bytes.HasPrefix(payload, []byte(`{"op":3,`)) {
						return true
					}
				}
				return false
			})
		}
		t.Logf("%d of %d callbacks found shards that were not ready", refused.Load(), shards)
		c.end(t)
	})
}

// TestSendingTooMuchInCallbacks: callbacks that send more than the limit allows get
// an error for what would have to wait, and hold up nobody.
func TestSendingTooMuchInCallbacks(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		const shards, each = 16, 200
		srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0))
		var returned, sent atomic.Int32
		c := connect(t, srv, func(config *engine.Config) { config.Driver = driver }, func(e *engine.Engine) {
			e.On(gateway.Events(gateway.EventReady), func(ev *engine.Event) {
				for range each {
					switch err := ev.Shard.Send(context.Background(), []byte(`{"op":4,"d":{"guild_id":"1","channel_id":null,"self_mute":false,"self_deaf":false}}`)); {
					case err == nil:
						sent.Add(1)
					case !errors.Is(err, engine.ErrInCallback):
						t.Error(err)
					}
				}
				returned.Add(1)
			})
		})
		eventually(t, "all callbacks return", func() bool { return returned.Load() == shards })
		if n := sent.Load(); n < shards*100 || n >= shards*120 {
			t.Errorf("%d commands were sent on %d shards, of which each allows 120 less heartbeats", n, shards)
		}
		c.end(t)
	})
}
