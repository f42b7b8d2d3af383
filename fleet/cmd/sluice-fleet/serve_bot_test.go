//go:build unix && !plan9 && !aix

package main

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
)

// fleetBot is a bot on a process of them.
type fleetBot struct {
	*engine.Engine
	mu       sync.Mutex
	ready    [serveShards]int
	lost     [serveShards]int
	messages map[string]int
}

func (s *servers) bot(address string, edit ...func(*engine.Config)) *fleetBot {
	s.t.Helper()
	config := engine.Config{
		Token: engine.NewToken(botToken), APIURL: "http://" + address + "/api/v10", Intents: gateway.IntentsAll,
		Shards: engine.Shards{Count: serveShards, Total: serveShards}, IdentifyQueue: identify.Unlimited{}, Logger: slog.New(slog.DiscardHandler),
	}
	for _, f := range edit {
		f(&config)
	}
	e, err := engine.New(config)
	if err != nil {
		s.t.Fatal(err)
	}
	b := &fleetBot{Engine: e, messages: map[string]int{}}
	e.On(gateway.Events(gateway.EventGuildsReady, gateway.EventSessionLost, gateway.EventMessageCreate), func(ev *engine.Event) {
		b.mu.Lock()
		defer b.mu.Unlock()
		switch ev.Type {
		case gateway.EventGuildsReady:
			b.ready[ev.Shard.ID()]++
		case gateway.EventSessionLost:
			b.lost[ev.Shard.ID()]++
		default:
			b.messages[string(ev.Data)]++
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- e.Run(ctx) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("the bot's Run returned %v", err)
		}
	})
	return b
}

// settle waits until the bot has had all guilds of each shard so often, and then has each event of some come once.
func (s *servers) settle(b *fleetBot, what string, readies func(ready [serveShards]int) bool) {
	s.t.Helper()
	eventually(s.t, what, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return readies(b.ready)
	})
	sent := map[string]bool{}
	for i := range 20 * serveShards {
		text := fmt.Sprintf(`{"id":"%d","guild_id":"1","content":%q}`, i, what)
		sent[text] = true
		s.gateway.Dispatch(i%serveShards, "MESSAGE_CREATE", []byte(text))
	}
	eventually(s.t, what+": all messages", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		n := 0
		for text := range sent {
			n += b.messages[text]
		}
		return n >= len(sent)
	})
	b.mu.Lock()
	defer b.mu.Unlock()
	for text := range sent {
		if b.messages[text] != 1 {
			s.t.Errorf("%s: %s came %d times", what, text, b.messages[text])
		}
	}
}

func atLeast(n int) func([serveShards]int) bool {
	return func(ready [serveShards]int) bool {
		for _, r := range ready {
			if r < n {
				return false
			}
		}
		return true
	}
}

// again wants sessions of a bot that have begun once to have begun n times more, all shards together.
func again(n int) func([serveShards]int) bool {
	return func(ready [serveShards]int) bool {
		more := 0
		for _, r := range ready {
			more += r - 1
		}
		return more == n
	}
}

// load has messages sent all the time until the function that it returns is called, which waits until a bot has all of
// them, and wants each to have come once.
func (s *servers) load(b *fleetBot, what string) (end func()) {
	stop, ended := make(chan struct{}), make(chan struct{})
	var sent []string
	go func() {
		defer close(ended)
		tick := time.NewTicker(2 * time.Millisecond)
		defer tick.Stop()
		for i := 0; ; i++ {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			text := fmt.Sprintf(`{"id":"%d","guild_id":"1","content":%q}`, i, "load: "+what)
			sent = append(sent, text)
			s.gateway.Dispatch(i%serveShards, "MESSAGE_CREATE", []byte(text))
		}
	}()
	return func() {
		s.t.Helper()
		close(stop)
		<-ended
		eventually(s.t, what+": all of the load", func() bool {
			b.mu.Lock()
			defer b.mu.Unlock()
			for _, text := range sent {
				if b.messages[text] == 0 {
					return false
				}
			}
			return true
		})
		b.mu.Lock()
		defer b.mu.Unlock()
		for _, text := range sent {
			if n := b.messages[text]; n != 1 {
				s.t.Errorf("%s: %s came %d times", what, text, n)
			}
		}
	}
}

// check wants a bot to have begun on each shard and lost there so often.
func (b *fleetBot) check(t testing.TB, what string, ready, lost [serveShards]int) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ready != ready || b.lost != lost {
		t.Errorf("%s: sessions %v and losses %v of the bot's shards, want %v and %v", what, b.ready, b.lost, ready, lost)
	}
}
