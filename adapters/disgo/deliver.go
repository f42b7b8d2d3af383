package sluicedisgo

import (
	"bytes"
	"time"

	"github.com/disgoorg/disgo/gateway"

	"github.com/sluice-go/sluice/engine"
	discord "github.com/sluice-go/sluice/gateway"
)

// handled are the events that the manager takes.
var handled = discord.AllDispatches().Union(discord.Events(discord.EventHeartbeatACK, discord.EventSessionLost))

// deliver decodes an event by disgo's own decoder and hands it to disgo. It is called by
// one goroutine for each shard that has any, away from the engine's loops, so that a
// listener may wait as it may with disgo's own gateway.
func (r *run) deliver(ev *engine.Event) {
	g := r.manager.gatewayAt(placeOf(ev.Shard))
	switch ev.Type {
	case discord.EventHeartbeatACK:
		now := time.Now()
		r.plan.handler(g, gateway.EventTypeHeartbeatAck, 0, gateway.EventHeartbeatAck{LastHeartbeat: now.Add(-ev.Shard.Stats().Latency), NewHeartbeat: now})
		return
	case discord.EventSessionLost:
		lost, _ := ev.SessionLost()
		r.plan.config.Logger.Warn("events may have been lost", "shard", g.ShardID(), "from", lost.From, "to", lost.To, "cause", lost.Cause)
		return
	}
	name := gateway.EventType(ev.Name())
	data, err := decode(ev.Data, name)
	if err != nil {
		r.plan.config.Logger.Error("disgo cannot decode an event", "shard", g.ShardID(), "event", string(name), "seq", ev.Seq, "err", err)
		if !r.plan.raw {
			return
		}
	}
	if r.plan.raw {
		r.plan.handler(g, gateway.EventTypeRaw, int(ev.Seq), gateway.EventRaw{EventType: name, Payload: bytes.NewReader(bytes.Clone(ev.Data))})
	}
	if _, unknown := data.(gateway.EventUnknown); unknown || err != nil {
		return
	}
	r.plan.handler(g, name, int(ev.Seq), data)
}
