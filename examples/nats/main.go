// Command nats forwards every event to NATS, where programs in any language take them.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet/embedded"
	"github.com/sluice-go/sluice/fleet/publish"
	"github.com/sluice-go/sluice/gateway"
)

func main() {
	url := os.Getenv("NATS_URL")
	if url == "" { // a server of its own, to try it out
		dir, err := os.MkdirTemp("", "nats")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(dir)
		server, err := embedded.Start(embedded.Config{Dir: dir})
		if err != nil {
			log.Fatal(err)
		}
		defer server.Close()
		url = server.URL()
	}
	conn, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	publisher, err := publish.New(publish.Config{Conn: conn, Prefix: "bot"})
	if err != nil {
		log.Fatal(err)
	}

	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		APIURL:  os.Getenv("DISCORD_API_URL"), // empty: Discord's
		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages,
	})
	if err != nil {
		log.Fatal(err)
	}
	publisher.Attach(eng, gateway.AllDispatches())

	// What a consumer does, here in the same program.
	if _, err := conn.Subscribe("bot.ev.*.*.MESSAGE_CREATE", func(m *nats.Msg) {
		log.Printf("%s: %d bytes", m.Subject, len(m.Data))
	}); err != nil {
		log.Fatal(err)
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	log.Printf("events go to %s", url)
	if err := eng.Run(ctx); err != nil {
		log.Print(err)
	}
	flushed, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := publisher.Close(flushed); err != nil {
		log.Print(err)
	}
}
