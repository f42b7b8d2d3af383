// Command typed takes events as structs: here those of disgo, which is used for nothing else.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"

	disgo "github.com/disgoorg/disgo/gateway"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/typed"
	"github.com/sluice-go/sluice/gateway"
)

func main() {
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		APIURL:  os.Getenv("DISCORD_API_URL"), // empty: Discord's
		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages | gateway.IntentMessageContent,
	})
	if err != nil {
		log.Fatal(err)
	}
	typed.OnEvent(eng, gateway.EventMessageCreate, func(ev *engine.Event, m *disgo.EventMessageCreate) {
		log.Printf("%s wrote %d characters in channel %s", m.Author.Username, len(m.Content), m.ChannelID)
	}, nil)

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := eng.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
