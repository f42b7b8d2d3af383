package sluicedisgo_test

import (
	"context"
	"log/slog"
	"os"
	"os/signal"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/sharding"

	sluicedisgo "github.com/sluice-go/sluice/adapters/disgo"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
)

// A sharded bot whose sessions outlive the process.
func Example() {
	token := os.Getenv("DISCORD_TOKEN")
	client, err := disgo.New(token,
		bot.WithShardManagerConfigOpts(sharding.WithGatewayConfigOpts(
			gateway.WithIntents(gateway.IntentGuildMessages, gateway.IntentMessageContent),
		)),
		bot.WithEventListenerFunc(func(e *events.MessageCreate) { slog.Info(e.Message.Content) }),
		sluicedisgo.WithShardManager(sluicedisgo.New(engine.Config{
			Token:    engine.NewToken(token),
			Sessions: session.NewFile("sessions"),
		})),
	)
	if err != nil {
		slog.Error("no client", "err", err)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := client.OpenShardManager(ctx); err == nil {
		<-ctx.Done()
	}
	client.Close(context.Background())
}

// A bot with one gateway.
func ExampleWithGateway() {
	token := os.Getenv("DISCORD_TOKEN")
	client, err := disgo.New(token,
		bot.WithGatewayConfigOpts(gateway.WithIntents(gateway.IntentGuilds)), // as before
		sluicedisgo.WithGateway(sluicedisgo.New(engine.Config{Token: engine.NewToken(token)})),
	)
	if err != nil {
		slog.Error("no client", "err", err)
		return
	}
	defer client.Close(context.Background())
	if err := client.OpenGateway(context.Background()); err != nil {
		slog.Error("no gateway", "err", err) // which a token that is refused is, too
	}
}
