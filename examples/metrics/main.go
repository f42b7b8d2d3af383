// Command metrics is a bot with a page that shows its shards, health checks, and metrics for Prometheus.
package main

import (
	"context"
	"flag"
	"log"
	"os"
	"os/signal"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/metrics"
	"github.com/sluice-go/sluice/engine/monitor"
	"github.com/sluice-go/sluice/gateway"
)

func main() {
	address := flag.String("http", "127.0.0.1:9600", "where the page is")
	flag.Parse()
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		APIURL:  os.Getenv("DISCORD_API_URL"), // empty: Discord's
		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages,
	})
	if err != nil {
		log.Fatal(err)
	}
	handler, err := metrics.NewHandler(eng, metrics.Options{})
	if err != nil {
		log.Fatal(err)
	}
	page, err := monitor.New(monitor.Config{Engine: eng, Title: "example", Metrics: handler})
	if err != nil {
		log.Fatal(err)
	}
	defer page.Close()
	listener, err := monitor.Listen(*address)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	go monitor.Serve(ctx, listener, page)
	log.Printf("http://%s has the page, /metrics the metrics, /healthz and /readyz the checks", listener.Addr())

	if err := eng.Run(ctx); err != nil {
		log.Fatal(err)
	}
}
