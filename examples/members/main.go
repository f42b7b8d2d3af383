// Command members counts the members of the first guild that it meets.
package main

import (
	"context"
	"log"
	"os"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

func main() {
	eng, err := engine.New(engine.Config{
		Token:   engine.NewToken(os.Getenv("DISCORD_TOKEN")),
		APIURL:  os.Getenv("DISCORD_API_URL"), // empty: Discord's
		Intents: gateway.IntentGuilds | gateway.IntentGuildMembers,
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	defer stop()
	ended := make(chan error)
	go func() { ended <- eng.Run(ctx) }()

	for ev := range eng.Events(ctx, gateway.Events(gateway.EventGuildCreate)) {
		count(ctx, eng, ev.GuildID())
		break
	}
	stop()
	if err := <-ended; err != nil {
		log.Fatal(err)
	}
}

// count asks for all members. They come in chunks of up to 1,000, over reconnects and rate limits.
func count(ctx context.Context, eng *engine.Engine, guild uint64) {
	members, bots := 0, 0
	for chunk, err := range eng.RequestMembers(ctx, &gateway.MembersRequest{GuildID: guild}) {
		if err != nil {
			log.Print(err)
			return
		}
		for member := range lazyjson.ValueOf(chunk.Members).Elements() {
			members++
			if bot, _ := member.Get("user", "bot").Bool(); bot {
				bots++
			}
		}
		log.Printf("chunk %d of %d: %d members so far", chunk.Index+1, chunk.Count, members)
	}
	log.Printf("guild %d has %d members, %d of them bots", guild, members, bots)
}
