// Command bot is a bot of disgo's on sluice: one option is all that is added.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/disgo/sharding"

	sluicedisgo "github.com/sluice-go/sluice/adapters/disgo"
	"github.com/sluice-go/sluice/engine"
)

func main() {
	token, api := os.Getenv("DISCORD_TOKEN"), os.Getenv("DISCORD_API_URL")
	options := []bot.ConfigOpt{
		bot.WithShardManagerConfigOpts(sharding.WithGatewayConfigOpts(
			gateway.WithIntents(gateway.IntentGuilds, gateway.IntentGuildMessages),
		)),
		bot.WithEventListenerFunc(func(e *events.MessageCreate) {
			log.Printf("shard %d: %s wrote a message", e.ShardID(), e.Message.Author.Username)
		}),
		sluicedisgo.WithShardManager(sluicedisgo.New(engine.Config{Token: engine.NewToken(token)})), // this one
	}
	if api != "" { // a gateway to test against
		options = append(options, bot.WithRestClientConfigOpts(rest.WithURL(api)))
	}
	client, err := disgo.New(token, options...)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	defer client.Close(context.Background())
	if err := client.OpenShardManager(ctx); err != nil {
		log.Fatal(err)
	}
	<-ctx.Done()
}
