package engine

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// TestPerShard: what the callback changes reaches that shard alone, and shards
// that change nothing share one configuration.
func TestPerShard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		r := start(t, func(c *Config) {
			c.Shards, c.IdentifyQueue = Shards{Total: 5}, identify.Unlimited{}
			c.Presence = []byte(`{"status":"idle"}`)
			c.PerShard = func(id int, c *ShardConfig) {
				asked = append(asked, fmt.Sprintf("%d/%d %s", id, c.Total, c.GatewayURL))
				switch id {
				case 1:
					copy(c.Presence, `{"status":"null"}`) // a copy of this shard's own
				case 2:
					c.Presence, c.LargeThreshold, c.Properties.Device = nil, 250, "toaster"
				case 3:
					c.Compression, c.GatewayURL = PayloadCompression, "ws://proxy.lan:99/?key=k"
				case 4:
					c.Session = session.Session{ID: "kept", ResumeURL: "ws://us.discord.gg", Seq: 41}
				}
			}
		})
		r.shard(0)
		if want := "[0/5 ws://gateway.discord.gg 1/5 ws://gateway.discord.gg 2/5 ws://gateway.discord.gg 3/5 ws://gateway.discord.gg 4/5 ws://gateway.discord.gg]"; fmt.Sprint(asked) != want {
			t.Errorf("asked %v", asked)
		}
		var peers []*peer
		sent, dialled := map[int]string{}, map[string]int{}
		for range 5 {
			p := r.net.accept(t)
			dialled[<-r.net.dials]++
			p.send(testHello)
			first, id := p.next(), 0
			if !strings.HasPrefix(first, `{"op":6,`) {
				_, rest, _ := strings.Cut(first, `"shard":[`)
				if _, err := fmt.Sscanf(rest, "%d", &id); err != nil {
					t.Fatalf("%s: %v", first, err)
				}
				p.send(testReady)
			} else {
				id = 4
				p.send(`{"t":"RESUMED","s":42,"op":0,"d":{}}`)
			}
			sent[id] = first
			peers = append(peers, p)
		}
		for id, want := range []string{`"status":"idle"`, `"status":"null"`, `"large_threshold":250`, `"compress":true`, `"session_id":"kept","seq":41`} {
			if !strings.Contains(sent[id], want) {
				t.Errorf("shard %d sent %s, want %s", id, sent[id], want)
			}
		}
		if strings.Contains(sent[2], "presence") || !strings.Contains(sent[2], "toaster") || strings.Contains(sent[0], "toaster") {
			t.Errorf("shard 2 sent %s\nshard 0 %s", sent[2], sent[0])
		}
		if dialled["gateway.discord.gg:80"] != 3 || dialled["proxy.lan:99"] != 1 || dialled["us.discord.gg:80"] != 1 {
			t.Errorf("dialled %v", dialled)
		}
		if a, b := r.Shard(0).config, r.Shard(4).config; a != b || a != &r.config {
			t.Error("shards with the same configuration do not share it")
		}
		r.end(peers...)
	})
}

// TestPerShardMistakes: all are named, each with its shard, and nothing starts.
func TestPerShardMistakes(t *testing.T) {
	r := prepare(t, func(c *Config) {
		c.Shards = Shards{Total: 9}
		c.PerShard = func(id int, c *ShardConfig) {
			switch id {
			case 1:
				c.Presence = []byte(`[]`)
			case 2:
				c.Compression, c.LargeThreshold = 99, 49
			case 3:
				c.GatewayURL = "https://gateway.discord.gg"
			case 4:
				c.GatewayURL = ""
			case 5:
				c.Session = session.Session{ID: testToken, Seq: 1}
			case 6:
				c.SendLimit = maxSendLimit + 1
			case 7:
				c.Total = 1000 // ignored
			}
		}
	})
	err := r.Run(t.Context())
	for _, want := range []string{"(1).Presence", "(2).Compression", "(2).LargeThreshold", "(3).GatewayURL", "(4).GatewayURL", "(5).Session", "(6).SendLimit"} {
		if err == nil || !strings.Contains(err.Error(), "engine: Config.PerShard"+want+": ") {
			t.Errorf("Run returned %v\nwant %s", err, want)
		}
	}
	for _, id := range []string{"(0)", "(7)", "(8)"} {
		if strings.Contains(err.Error(), id) {
			t.Errorf("Run returned %v", err)
		}
	}
	var mistake *ConfigError
	if !errors.As(err, &mistake) || len(r.net.dials) != 0 {
		t.Errorf("%T, %d dials", err, len(r.net.dials))
	}
}

// TestSendLimit: another limit, or none, is what Send keeps to.
func TestSendLimit(t *testing.T) {
	for _, test := range []struct{ limit, atOnce int }{
		{0, 120 - 2 - limit.Spare}, // two heartbeats in 60 s
		{20, 20 - 2 - limit.Spare},
		{-1, 1000},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := start(t, func(c *Config) { c.SendLimit = test.limit })
			p := r.net.accept(t)
			p.begin()
			s := r.shard(0)
			waitState(t, s, lifecycle.Ready)
			began, sent := time.Now(), 0
			for ; sent < 1000; sent++ {
				if err := s.Send(context.Background(), presence); err != nil {
					t.Fatal(err)
				}
				if time.Since(began) > 0 {
					break
				}
			}
			if sent != test.atOnce {
				t.Errorf("limit %d: %d at once, want %d", test.limit, sent, test.atOnce)
			}
			for range min(sent+1, 1000) {
				p.expect(`{"op":3,`)
			}
			r.end(p)
		})
	}
	_, err := New(Config{Token: NewToken(testToken), SendLimit: maxSendLimit + 1, IgnoreResumeURL: true, Intents: gateway.IntentsAll})
	if err == nil || !strings.Contains(err.Error(), "SendLimit") {
		t.Errorf("New: %v", err)
	}
}
