package publish_test

import (
	"context"
	"log"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/fleet/publish"
	"github.com/sluice-go/sluice/gateway"
)

// Interactions are to reach a consumer whatever happens; all other events go the fast way.
func Example() {
	var eng *engine.Engine // that will run

	conn, err := nats.Connect("nats://127.0.0.1:4222", nats.MaxReconnects(-1))
	if err != nil {
		log.Fatal(err)
	}
	p, err := publish.New(publish.Config{
		Conn: conn, Prefix: "bot", Stream: gateway.Events(gateway.EventInteractionCreate),
	})
	if err != nil {
		log.Fatal(err)
	}
	p.Attach(eng, gateway.AllDispatches())
	if _, err := p.ServeCommands(eng); err != nil {
		log.Fatal(err)
	}

	err = eng.Run(context.Background())

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	log.Print(err, p.Close(ctx))
}
