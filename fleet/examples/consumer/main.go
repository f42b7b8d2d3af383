// Command consumer consumes a bot's events that fleet/publish put into a JetStream stream, and
// takes each off it once it is done with it:
//
//	go run . nats://127.0.0.1:4222 EVENTS
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"os/signal"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: consumer NATS-URL STREAM")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1], os.Args[2]); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, url, stream string) error {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1))
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	consumer, err := js.CreateOrUpdateConsumer(ctx, stream, jetstream.ConsumerConfig{Durable: "workers"})
	if err != nil {
		return err
	}
	messages, err := consumer.Consume(func(m jetstream.Msg) {
		var event struct {
			Content string `json:"content"`
		}
		_ = json.Unmarshal(m.Data(), &event)
		fmt.Println(m.Subject(), event.Content)
		_ = m.Ack() // not before the work is done
	})
	if err != nil {
		return err
	}
	defer messages.Stop()
	<-ctx.Done()
	return nil
}
