package engine_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// A bot that prints every message, until it is interrupted.
func Example() {
	eng, err := engine.New(engine.Config{
		Token:   engine.Token(os.Getenv("DISCORD_TOKEN")),
		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages,
	})
	if err != nil {
		log.Fatal(err)
	}
	remove := eng.On(gateway.Events(gateway.EventMessageCreate), func(ev *engine.Event) {
		// The event and its bytes are borrowed until the callback returns.
		fmt.Printf("shard %d, sequence %d: %s\n", ev.Shard.ID(), ev.Seq, ev.Data)
	})
	defer remove()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := eng.Run(ctx); err != nil {
		if errors.Is(err, engine.ErrDisallowedIntents) {
			log.Print("switch the intents on in the developer portal")
		}
		log.Fatal(err)
	}
}

// A callback is tested without a server.
func ExampleNewEvent() {
	callback := func(ev *engine.Event) {
		fmt.Println(ev.Name(), ev.GuildID(), string(ev.Data))
	}
	callback(engine.NewEvent("GUILD_DELETE", []byte(`{"id":"81384788765712384","unavailable":true}`)))
	// Output: GUILD_DELETE 81384788765712384 {"id":"81384788765712384","unavailable":true}
}

// A clone outlives the callback.
func ExampleEvent_Clone() {
	queue := make(chan *engine.Event, 100)
	callback := func(ev *engine.Event) { queue <- ev.Clone() }

	callback(engine.NewEvent("TYPING_START", []byte(`{"user_id":"80351110224678912"}`)))
	ev := <-queue
	fmt.Println(ev.Name(), string(ev.Data))
	ev.Release()
	// Output: TYPING_START {"user_id":"80351110224678912"}
}
