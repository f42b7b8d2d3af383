// Command restart runs a bot three times in a row, and shows that no event is lost in between:
// the sessions are kept in a file, and each run resumes them.
package main

import (
	"context"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

func main() {
	dir, err := os.MkdirTemp("", "sessions")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	last := make(map[int]int64) // each shard's last sequence
	for run := 1; run <= 3; run++ {
		events, missing, identifies := runOnce(session.NewFile(filepath.Join(dir, "sessions")), last)
		log.Printf("run %d: %d events, %d missing, %d identifies", run, events, missing, identifies)
	}
}

// runOnce runs the bot for a second. Its events continue those of the run before.
func runOnce(sessions *session.File, last map[int]int64) (events, missing int64, identifies uint64) {
	eng, err := engine.New(engine.Config{
		Token:    engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		APIURL:   os.Getenv("DISCORD_API_URL"), // empty: Discord's
		Intents:  gateway.IntentGuilds | gateway.IntentGuildMessages,
		Sessions: sessions,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), 30*time.Second)
	defer stop()
	ended := make(chan error)
	go func() { ended <- eng.Run(ctx) }()

	var until time.Time
	for ev := range eng.Events(ctx, gateway.AllDispatches()) {
		if id := ev.Shard.ID(); ev.Seq > last[id] { // RESUMED has the sequence of the event before it
			missing += ev.Seq - last[id] - 1
			last[id] = ev.Seq
		}
		if events++; events == 1 {
			until = ev.Received.Add(time.Second)
		}
		if ev.Received.After(until) {
			stop() // the loop goes on until everything that has come was taken
		}
	}
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
	return events, missing, eng.Stats().Identifies
}
