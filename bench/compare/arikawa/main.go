// Command arikawa is the race's client on arikawa's gateway package, without its
// state and session packages. Events that the connection does not need itself are
// registered as a type that leaves its JSON undecoded.
package main

import (
	"context"
	"fmt"

	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/utils/ws"

	"github.com/sluice-go/sluice/bench/compare/client"
	names "github.com/sluice-go/sluice/gateway"
)

func main() { client.Main(connect) }

// raw stands in for an event that nobody looks into.
type raw struct{ name ws.EventType }

func (r *raw) Op() ws.OpCode            { return 0 }
func (r *raw) EventType() ws.EventType  { return r.name }
func (*raw) UnmarshalJSON([]byte) error { return nil }

// allIntents is every intent that there is; arikawa does not name the newest.
const allIntents gateway.Intents = 53608447

// unmarshalers returns arikawa's own, but for the dispatches that only a bot
// would look into. Those that arikawa does not know, a recording may bring: they
// would come as errors, without a sequence.
func unmarshalers() ws.OpUnmarshalers {
	u := ws.NewOpUnmarshalers()
	gateway.OpUnmarshalers.Each(func(op ws.OpCode, t ws.EventType, own ws.OpFunc) bool {
		if op == 0 && t != "READY" && t != "RESUMED" {
			own = func() ws.Event { return &raw{t} }
		}
		u.Add(own)
		return false
	})
	for t := range names.AllDispatches().All() {
		if name := ws.EventType(t.String()); u.Lookup(0, name) == nil {
			u.Add(func() ws.Event { return &raw{name} })
		}
	}
	return u
}

func connect(bot *client.Bot) error {
	if bot.Compress != "none" && bot.Compress != "payload" {
		return fmt.Errorf("arikawa has no compression %q", bot.Compress)
	}
	gateway.Version = "10"
	codec := ws.NewCodec(unmarshalers())
	return bot.Each(func(id int) error {
		identify := gateway.DefaultIdentifyCommand(bot.Token)
		identify.Compress = bot.Compress == "payload"
		identify.AddIntents(allIntents)
		identify.SetShard(id, bot.Shards)
		conn := ws.NewWebsocket(codec, gateway.AddGatewayParams(bot.GatewayURL+"/"))
		g := gateway.FromWebsocketGateway(
			ws.NewGateway(conn, &gateway.DefaultGatewayOpts),
			gateway.State{Identifier: gateway.Identifier{IdentifyCommand: identify}},
		)
		ops := g.Connect(context.Background())
		go func() {
			for op := range ops {
				if op.Code == 0 {
					bot.Count(id, op.Sequence)
				}
			}
		}()
		return nil
	})
}
