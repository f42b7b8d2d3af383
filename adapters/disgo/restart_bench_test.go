package sluicedisgo_test

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/sharding"
	"github.com/gorilla/websocket"

	sluicedisgo "github.com/sluice-go/sluice/adapters/disgo"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gatewaytest"
)

// BenchmarkRestart restarts a bot of 32 shards at a gateway that lets 16 identify every 5 s. A message
// comes to each shard while the bot is away. It tells how long it takes until all shards receive
// again, and what that costs: identifies, and messages that never come.
func BenchmarkRestart(b *testing.B) {
	const shards, concurrency = 32, 16
	for _, on := range []string{"disgo", "sluice"} {
		b.Run(on, func(b *testing.B) {
			srv := gatewaytest.NewServer(b, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(concurrency))
			var store session.Memory
			var away, back atomic.Int64
			open := func() *bot.Client {
				intents := gateway.WithIntents(gateway.IntentGuildMessages)
				manager := bot.WithShardManagerConfigOpts(sharding.WithDefault(), sharding.WithGatewayConfigOpts(
					intents, gateway.WithDialer(&websocket.Dialer{TLSClientConfig: srv.TLSConfig()})))
				opts := []bot.ConfigOpt{manager, bot.WithEventListenerFunc(func(e *events.MessageCreate) {
					if e.Message.Content == "1" {
						away.Add(1)
					} else {
						back.Add(1)
					}
				})}
				if on == "sluice" {
					c := config(srv)
					c.Sessions = &store
					opts = append(opts, bot.WithShardManagerConfigOpts(sharding.WithGatewayConfigOpts(intents)),
						sluicedisgo.WithShardManager(sluicedisgo.New(c)))
				}
				client := newClient(b, srv, opts...)
				if err := client.OpenShardManager(context.Background()); err != nil {
					b.Fatal(err)
				}
				for id := range shards {
					if err := srv.WaitIdentify(b.Context(), id); err != nil {
						b.Fatal(err)
					}
					srv.Dispatch(id, "MESSAGE_CREATE", fmt.Appendf(nil, message, 2))
				}
				eventually(b, "a message on each shard", func() bool { return back.Load() == shards })
				back.Store(0)
				return client
			}
			client := open()
			begun := srv.Report().Identifies
			b.ResetTimer()
			for range b.N {
				client.Close(context.Background())
				eventually(b, "the end of all connections", func() bool {
					return !slices.ContainsFunc(srv.Report().Sessions, func(s gatewaytest.SessionReport) bool { return s.Connected })
				})
				for id := range shards {
					srv.Dispatch(id, "MESSAGE_CREATE", fmt.Appendf(nil, message, 1))
				}
				client = open()
			}
			b.StopTimer()
			client.Close(context.Background())
			n := float64(b.N)
			b.ReportMetric(float64(srv.Report().Identifies-begun)/n, "identifies/op")
			b.ReportMetric(shards-float64(away.Load())/n, "lost/op")
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(b.Elapsed().Seconds()/n, "s/op")
		})
	}
}
