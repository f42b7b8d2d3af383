// Command archive writes every event to a file as it came, one a line.
package main

import (
	"bufio"
	"context"
	"flag"
	"log"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

func main() {
	path := flag.String("out", filepath.Join(os.TempDir(), "events.jsonl"), "the file")
	flag.Parse()
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		APIURL:  os.Getenv("DISCORD_API_URL"), // empty: Discord's
		Intents: gateway.IntentGuilds | gateway.IntentGuildMessages | gateway.IntentGuildVoiceStates,
	})
	if err != nil {
		log.Fatal(err)
	}
	file, err := os.Create(*path)
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	ended := make(chan error)
	go func() { ended <- eng.Run(ctx) }()

	// While the disk is slow, the gateway waits, and no event is lost. When ctx ends, the loop
	// still takes what is queued.
	lines := bufio.NewWriter(file)
	count := 0
	for ev := range eng.Events(ctx, gateway.AllDispatches()) {
		lines.Write(ev.Payload) // an error shows in Flush
		lines.WriteByte('\n')
		if count++; count == 100 {
			log.Printf("100 events are in %s", *path)
		}
	}
	if err := <-ended; err != nil {
		log.Print(err)
	}
	if err := lines.Flush(); err != nil {
		log.Fatal(err)
	}
	if err := file.Close(); err != nil {
		log.Fatal(err)
	}
	log.Printf("wrote %d events", count)
}
