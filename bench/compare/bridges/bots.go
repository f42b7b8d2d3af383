package main

import (
	"context"
	"log/slog"
	"os"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
)

// roleVariable makes a process of this program the bots.
const roleVariable, botsRole = "BRIDGES_ROLE", "bots"

// connect runs a bot for each shard on a bridge, which count their events.
func connect(bot *client.Bot) error {
	eng, err := engine.New(engine.Config{
		Token:         engine.NewToken(bot.Token),
		Intents:       gateway.IntentsAll,
		Shards:        engine.Shards{Total: bot.Shards},
		Compression:   engine.NoCompression,
		GatewayURL:    bot.GatewayURL,
		IdentifyQueue: identify.Unlimited{},
		Logger:        slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	eng.On(gateway.AllDispatches(), func(ev *engine.Event) { bot.Count(ev.Shard.ID(), ev.Seq) })
	return eng.Run(context.Background())
}
