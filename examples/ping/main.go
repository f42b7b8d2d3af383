// Command ping is a bot that answers every slash command with "Pong!".
package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

const isCommand = 2 // an interaction's type

var apiURL = "https://discord.com/api/v10"

func main() {
	if url := os.Getenv("DISCORD_API_URL"); url != "" {
		apiURL = url // a gateway to test against
	}
	eng, err := engine.New(engine.Config{
		Token:  engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		APIURL: apiURL,
	})
	if err != nil {
		log.Fatal(err)
	}
	// The answer waits for the network. Async calls it away from the event loop.
	eng.On(gateway.Events(gateway.EventInteractionCreate), engine.Async(answer, engine.AsyncOptions{}))

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := eng.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

func answer(ev *engine.Event) {
	interaction := lazyjson.ValueOf(ev.Data)
	if kind, _ := interaction.Get("type").Int(); kind != isCommand {
		return
	}
	id, _ := interaction.Get("id").Snowflake()
	token, _ := interaction.Get("token").AppendString(nil)

	// An interaction's token is all that an answer needs.
	url := fmt.Sprintf("%s/interactions/%d/%s/callback", apiURL, id, token)
	res, err := http.Post(url, "application/json", strings.NewReader(`{"type":4,"data":{"content":"Pong!"}}`))
	if err != nil {
		log.Print(err)
		return
	}
	defer res.Body.Close()
	log.Printf("command %d: answered with %s after %v", id, res.Status, time.Since(ev.Received).Round(time.Millisecond))
}
