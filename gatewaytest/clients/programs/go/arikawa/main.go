// An arikawa bot that says what it sees.
package main

import (
	"context"
	"strings"

	"github.com/diamondburned/arikawa/v3/api"
	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/state"
	"github.com/diamondburned/arikawa/v3/utils/ws"

	"github.com/sluice-go/sluice/gatewaytest/clients/programs/go/protocol"
)

func main() {
	api.BaseEndpoint = strings.TrimSuffix(protocol.API, "/api/v10")
	api.Endpoint = protocol.API + "/"
	api.EndpointGateway = api.Endpoint + "gateway"
	api.EndpointGatewayBot = api.EndpointGateway + "/bot"
	api.EndpointUsers = api.Endpoint + "users/"
	api.EndpointMe = api.EndpointUsers + "@me"
	ws.WSError = func(err error) { protocol.Log("error", err.Error()) }

	id := gateway.DefaultIdentifier("Bot " + protocol.Token)
	if protocol.Compression != "" {
		id.Compress = protocol.Compression == "payload"
	}
	s := state.NewWithIdentifier(id)
	s.AddIntents((1<<26 - 1) &^ (7<<17 | 3<<22)) // all that Discord has
	s.StateLog = func(err error) { protocol.Log("error", err.Error()) }
	s.AddHandler(func(e *gateway.ReadyEvent) {
		protocol.Say(map[string]any{"e": "ready", "guilds": len(e.Guilds)})
	})
	s.AddHandler(func(e *gateway.GuildCreateEvent) {
		protocol.Say(map[string]any{"e": "guild", "id": e.ID.String(), "channels": len(e.Channels) + len(e.Threads)})
	})
	s.AddHandler(func(*gateway.ResumedEvent) { protocol.Say(map[string]any{"e": "resumed"}) })
	s.AddHandler(func(e *gateway.MessageCreateEvent) {
		protocol.Say(map[string]any{"e": "message", "id": e.ID.String()})
	})
	quit := protocol.Quit()
	go func() {
		if err := s.Connect(context.Background()); err != nil {
			protocol.Log("error", err.Error())
			protocol.Say(map[string]any{"e": "stopped", "text": err.Error()})
		}
	}()
	<-quit.Done()
	s.Close()
	protocol.Say(map[string]any{"e": "bye"})
}
