// Package botpage shows the bots of a bridge on the page of its engine.
package botpage

import (
	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine/monitor"
)

// Bots returns what the page shows of a bridge's bots: it is for the Bots of [monitor.Config].
func Bots(b *bridge.Bridge) []monitor.Bot {
	var list []monitor.Bot
	for _, v := range b.Bots() {
		state := monitor.BotAway
		switch {
		case v.Slow:
			state = monitor.BotSlow
		case v.Connected:
			state = monitor.BotConnected
		}
		list = append(list, monitor.Bot{
			Name: v.Name, Shard: v.Shard, Total: v.Total, State: state, Since: v.Since, Away: v.Away, Peer: v.Peer,
			Compression: v.Compression, Seq: v.Seq, Acked: v.Acked, Behind: v.Behind,
		})
	}
	return list
}
