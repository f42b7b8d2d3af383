package sluicedisgo_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/cache"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/sharding"
	"github.com/disgoorg/snowflake/v2"

	sluicedisgo "github.com/sluice-go/sluice/adapters/disgo"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestClient: a sharded bot with caches does on the adapter what it does without.
func TestClient(t *testing.T) {
	noLeaks(t)
	const shards, guilds = 2, 3
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards),
		gatewaytest.WithIdentifyInterval(0), gatewaytest.WithGuilds(guilds, 8000), gatewaytest.WithMembers(2500))
	var ready, messages journal[string]
	client := newClient(t, srv,
		bot.WithCacheConfigOpts(cache.WithCaches(cache.FlagsAll)),
		bot.WithShardManagerConfigOpts(sharding.WithGatewayConfigOpts(
			gateway.WithIntents(gateway.IntentsAll),
			gateway.WithPresenceOpts(gateway.WithPlayingActivity("chess")),
		)),
		sluicedisgo.WithShardManager(sluicedisgo.New(config(srv))),
		bot.WithEventListenerFunc(func(e *events.GuildReady) { ready.add(e.GuildID.String()) }),
		bot.WithEventListenerFunc(func(e *events.MessageCreate) {
			messages.add(fmt.Sprintf("%d %d %s", e.ShardID(), e.SequenceNumber(), e.Message.Content))
		}),
	)
	ctx := before(t)
	if err := client.OpenShardManager(ctx); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the guilds", func() bool { return client.Caches.GuildsLen() == shards*guilds && ready.len() == shards*guilds })
	if client.ID() != client.ApplicationID {
		t.Errorf("the self user is %v", client.ID())
	}
	if n := len(slices.Collect(client.ShardManager.Shards())); n != shards {
		t.Errorf("%d shards", n)
	}

	srv.Dispatch(1, "MESSAGE_CREATE", []byte(`{"id":"5","channel_id":"6","content":"hi","author":{"id":"7","username":"x"}}`))
	eventually(t, "the message", func() bool { return messages.len() == 1 })
	if got, want := messages.all()[0], fmt.Sprintf("1 %d hi", guilds+2); got != want {
		t.Errorf("got %q, want %q", got, want)
	}

	t.Run("members", func(t *testing.T) {
		var guild snowflake.ID
		for g := range client.Caches.Guilds() {
			guild = g.ID
			break
		}
		members, err := client.MemberChunkingManager.RequestAllMembers(ctx, guild)
		if err != nil {
			t.Fatal(err)
		}
		if len(members) != 2500 {
			t.Errorf("%d members", len(members))
		}
	})

	t.Run("presence", func(t *testing.T) {
		if sent := received(srv, 0, `{"op":2,`); len(sent) != 1 || !strings.Contains(sent[0], `"name":"chess"`) {
			t.Errorf("identified with %q", sent)
		}
		if err := client.SetPresenceForShard(ctx, 0, gateway.WithOnlineStatus("dnd")); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the presence", func() bool { return len(received(srv, 0, `{"op":3,`)) == 1 })
		if sent := received(srv, 0, `{"op":3,`)[0]; !strings.Contains(sent, `"dnd"`) || !strings.Contains(sent, `"name":"chess"`) {
			t.Errorf("the presence is %s", sent)
		}
		srv.InvalidateSession(0, false)
		eventually(t, "another identify", func() bool { return len(received(srv, 0, `{"op":2,`)) == 2 })
		if sent := received(srv, 0, `{"op":2,`)[1]; !strings.Contains(sent, `"dnd"`) || !strings.Contains(sent, `"name":"chess"`) {
			t.Errorf("identified again with %s", sent)
		}
	})

	t.Run("voice", func(t *testing.T) {
		channel := snowflake.ID(9)
		guild := slices.Collect(client.Caches.Guilds())[0].ID
		if err := client.UpdateVoiceState(ctx, guild, &channel, true, false); err != nil {
			t.Fatal(err)
		}
		shard, err := client.Shard(guild)
		if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the voice state", func() bool { return len(received(srv, shard.ShardID(), `{"op":4,`)) == 1 })
	})

	client.Close(context.Background())
	if n := len(srv.Sessions()); n != 0 {
		t.Errorf("%d sessions live on after a logout", n)
	}
	if manager(client).Engine() != nil {
		t.Error("an engine runs on")
	}
}

// received returns what a shard's clients sent that begins with a prefix.
func received(srv *gatewaytest.Server, shard int, prefix string) (list []string) {
	for _, payload := range srv.Received(shard) {
		if strings.HasPrefix(string(payload), prefix) {
			list = append(list, string(payload))
		}
	}
	return list
}
