package engine_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// A bot that prints every message, until it is interrupted.
func Example() {
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
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
		if errors.Is(err, lifecycle.ErrDisallowedIntents) {
			log.Print("switch the intents on in the developer portal")
		}
		log.Fatal(err)
	}
}

// Members come chunk by chunk, each borrowed for the body of the loop.
func ExampleEngine_RequestMembers() {
	var eng *engine.Engine // that runs

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	all := &gateway.MembersRequest{GuildID: 81384788765712384}
	for chunk, err := range eng.RequestMembers(ctx, all) {
		var limited *engine.RateLimitedError
		switch {
		case errors.As(err, &limited):
			log.Printf("ask again in %v", limited.RetryAfter)
		case err != nil:
			log.Print(err)
		default:
			for member := range lazyjson.ValueOf(chunk.Members).Elements() {
				id, _ := member.Get("user", "id").Snowflake()
				fmt.Println(id)
			}
		}
	}
}

// A loop over events, in a goroutine beside Run.
func ExampleEngine_Events() {
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go func() {
		for ev := range eng.Events(ctx, gateway.Events(gateway.EventMessageCreate)) {
			log.Printf("shard %v: %s", ev.Shard, ev.Data) // borrowed until the next turn
		}
	}()
	if err := eng.Run(ctx); err != nil {
		log.Fatal(err)
	}
}

// What became of a command is in its error.
func ExampleShard_Send() {
	var shard *engine.Shard // of an engine that runs

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := shard.Send(ctx, []byte(`{"op":4,"d":{"guild_id":"81384788765712384","channel_id":null,"self_mute":false,"self_deaf":false}}`))
	var failed *engine.SendError
	switch {
	case err == nil:
		fmt.Println("sent")
	case errors.As(err, &failed) && failed.Unknown:
		fmt.Println("the connection broke meanwhile: it may have arrived")
	case errors.Is(err, context.DeadlineExceeded):
		fmt.Println("not sent: the shard was not ready, or its permits were used up")
	default:
		fmt.Println("not sent:", err)
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

// A page that shows how every shard stands.
func ExampleShard_View() {
	var eng *engine.Engine // that runs
	http.HandleFunc("/shards", func(w http.ResponseWriter, _ *http.Request) {
		var views []engine.View
		for s := range eng.Shards() {
			views = append(views, s.View())
		}
		_ = json.NewEncoder(w).Encode(views) // holds no secret
	})
}

// A bot that has grown gets the number of shards that Discord recommends now,
// while it runs.
func ExampleEngine_Reshard() {
	var eng *engine.Engine // that runs
	ctx, cancel := context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	if err := eng.Reshard(ctx, engine.Shards{}); err != nil {
		log.Print(err) // the old shards go on
	}
}

// Step by step, for a bot whose shards run in several processes: all of them add
// their new shards before any removes its old ones.
func ExampleEngine_AddShards() {
	var eng *engine.Engine // that runs
	ctx := context.Background()
	old := slices.Collect(eng.Shards())
	fresh, err := eng.AddShards(engine.ShardRange(0, 15, 64))
	if err != nil {
		log.Fatal(err)
	}
	for _, s := range fresh {
		if err := s.WaitReady(ctx); err != nil {
			log.Fatal(err)
		}
	}
	// … until the other processes are as far …
	if err := eng.RemoveShards(ctx, old...); err != nil {
		log.Print(err)
	}
}
