// A disgo bot that says what it sees.
package main

import (
	"context"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/cache"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"

	"github.com/sluice-go/sluice/gatewaytest/clients/programs/go/protocol"
)

func main() {
	opts := []gateway.ConfigOpt{
		gateway.WithIntents(gateway.IntentsAll),
		gateway.WithURL(protocol.Gateway),
		gateway.WithCloseHandler(func(_ gateway.Gateway, err error, reconnect bool) {
			if !reconnect {
				protocol.Say(map[string]any{"e": "stopped", "text": err.Error()})
			}
		}),
	}
	switch protocol.Compression {
	case "none":
		opts = append(opts, gateway.WithCompression(gateway.CompressionNone))
	case "payload":
		opts = append(opts, gateway.WithCompression(gateway.CompressionZlibPayload))
	case "zlib-stream":
		opts = append(opts, gateway.WithCompression(gateway.CompressionZlibStream))
	case "zstd-stream":
		opts = append(opts, gateway.WithCompression(gateway.CompressionZstdStream))
	}
	client, err := disgo.New(protocol.Token,
		bot.WithLogger(protocol.Logger()),
		bot.WithRestClientConfigOpts(rest.WithURL(protocol.API)),
		bot.WithCacheConfigOpts(cache.WithCaches(cache.FlagsAll)),
		bot.WithGatewayConfigOpts(opts...),
		bot.WithEventListenerFunc(func(e *events.Ready) {
			protocol.Say(map[string]any{"e": "ready", "guilds": len(e.Guilds)})
		}),
		bot.WithEventListenerFunc(func(e *events.GuildReady) { guild(e.GenericGuild, len(e.Guild.Channels)+len(e.Guild.Threads)) }),
		bot.WithEventListenerFunc(func(*events.Resumed) { protocol.Say(map[string]any{"e": "resumed"}) }),
		bot.WithEventListenerFunc(func(e *events.MessageCreate) {
			protocol.Say(map[string]any{"e": "message", "id": e.MessageID.String()})
		}),
	)
	if err != nil {
		protocol.Log("error", err.Error())
		return
	}
	quit := protocol.Quit()
	if err := client.OpenGateway(quit); err != nil {
		protocol.Log("error", err.Error())
	}
	<-quit.Done()
	client.Close(context.Background())
	protocol.Say(map[string]any{"e": "bye"})
}

func guild(e *events.GenericGuild, channels int) {
	protocol.Say(map[string]any{"e": "guild", "id": e.GuildID.String(), "channels": channels})
}
