// Command disgo-on-sluice is the race's client on disgo with sluice's engine below it: the
// same handler and the same decoding as command disgo. RACE_PROFILE names a file for a CPU
// profile.
package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/disgoorg/disgo/gateway"

	sluicedisgo "github.com/sluice-go/sluice/adapters/disgo"
	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/engine"
)

func main() { client.Main(connect) }

func connect(bot *client.Bot) error {
	if path := os.Getenv("RACE_PROFILE"); path != "" {
		if err := client.Profile(path); err != nil {
			return err
		}
	}
	compression, err := engine.ParseCompression(bot.Compress)
	if err != nil {
		return err
	}
	count := func(g gateway.Gateway, t gateway.EventType, seq int, _ gateway.EventData) {
		if t == gateway.EventTypeRaw {
			bot.Count(g.ShardID(), int64(seq))
		}
	}
	return sluicedisgo.New(engine.Config{
		Token:       engine.NewToken(bot.Token),
		Shards:      engine.Shards{Total: bot.Shards},
		Compression: compression,
		APIURL:      bot.APIURL,
		Logger:      slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	},
		sluicedisgo.WithEventHandler(count),
		sluicedisgo.WithGatewayConfigOpts(gateway.WithIntents(gateway.IntentsAll), gateway.WithEnableRawEvents(true)),
	).OpenAll(context.Background())
}
