// Command sluice is the race's client on this project's engine. RACE_DRIVER=portable
// takes that driver, RACE_LATENCY is a time such as 1ms for Config.Latency, and RACE_PROFILE names a file for a CPU profile.
package main

import (
	"context"
	"log/slog"
	"os"
	"time"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
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
	driver := engine.AutoDriver
	if os.Getenv("RACE_DRIVER") == "portable" {
		driver = engine.PortableDriver
	}
	var latency time.Duration
	if text := os.Getenv("RACE_LATENCY"); text != "" {
		if latency, err = time.ParseDuration(text); err != nil {
			return err
		}
	}
	eng, err := engine.New(engine.Config{
		Token:       engine.NewToken(bot.Token),
		Intents:     gateway.IntentsAll,
		Shards:      engine.Shards{Total: bot.Shards},
		Compression: compression,
		Driver:      driver,
		Latency:     latency,
		APIURL:      bot.APIURL,
		Logger:      slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})),
	})
	if err != nil {
		return err
	}
	eng.On(gateway.AllDispatches(), func(ev *engine.Event) { bot.Count(ev.Shard.ID(), ev.Seq) })
	return eng.Run(context.Background())
}
