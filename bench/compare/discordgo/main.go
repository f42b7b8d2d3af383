// Command discordgo is the race's client on discordgo: without its state cache,
// and with handlers that are called synchronously. It decodes every event into a
// struct, which no option prevents.
package main

import (
	"fmt"

	"github.com/bwmarrin/discordgo"

	"github.com/sluice-go/sluice/bench/compare/client"
)

func main() { client.Main(connect) }

func connect(bot *client.Bot) error {
	if bot.Compress != "none" && bot.Compress != "payload" {
		return fmt.Errorf("discordgo has no compression %q", bot.Compress)
	}
	discordgo.APIVersion = "10"
	discordgo.EndpointGateway = bot.APIURL + "/gateway"
	return bot.Each(func(id int) error {
		s, err := discordgo.New("Bot " + bot.Token)
		if err != nil {
			return err
		}
		s.ShardID, s.ShardCount = id, bot.Shards
		s.Identify.Token = bot.Token
		s.Identify.Intents = discordgo.IntentsAll
		s.Identify.Compress = bot.Compress == "payload"
		s.StateEnabled = false
		s.SyncEvents = true
		s.AddHandler(func(_ *discordgo.Session, e *discordgo.Event) {
			if e.Operation == 0 && e.Sequence > 0 {
				bot.Count(id, e.Sequence)
			}
		})
		return s.Open()
	})
}
