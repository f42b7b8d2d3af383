// Command disgo is the race's client on disgo's gateway package: raw events, no
// caches.
package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/disgoorg/disgo/gateway"

	"github.com/sluice-go/sluice/bench/compare/client"
)

func main() { client.Main(connect) }

var compressions = map[string]gateway.CompressionType{
	"none":        gateway.CompressionNone,
	"payload":     gateway.CompressionZlibPayload,
	"zlib-stream": gateway.CompressionZlibStream,
	"zstd-stream": gateway.CompressionZstdStream,
}

func connect(bot *client.Bot) error {
	compression, ok := compressions[bot.Compress]
	if !ok {
		return fmt.Errorf("disgo has no compression %q", bot.Compress)
	}
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return bot.Each(func(id int) error {
		count := func(_ gateway.Gateway, t gateway.EventType, seq int, _ gateway.EventData) {
			if t == gateway.EventTypeRaw {
				bot.Count(id, int64(seq))
			}
		}
		return gateway.New(bot.Token, count,
			gateway.WithLogger(logger),
			gateway.WithURL(bot.GatewayURL+"/"),
			gateway.WithCompression(compression),
			gateway.WithIntents(gateway.IntentsAll),
			gateway.WithShardID(id),
			gateway.WithShardCount(bot.Shards),
			gateway.WithEnableRawEvents(true),
		).Open(context.Background())
	})
}
