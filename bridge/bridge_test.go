package bridge_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gatewaytest"
)

// send has the gateway send messages of all lengths, numbered from first on.
func send(srv *gatewaytest.Server, first, n int) {
	for i := first; i < first+n; i++ {
		srv.Dispatch(0, "MESSAGE_CREATE", message(i))
	}
}

func message(i int) []byte {
	return fmt.Appendf(nil, `{"id":"%d","guild_id":"1","content":"%s"}`, i, strings.Repeat("hello ", i%50))
}

// checkMessages wants the first n messages, each once and in order.
func (b *bot) checkMessages(t testing.TB, n int) {
	t.Helper()
	got := b.messages()
	for i := range max(n, len(got)) {
		if i >= len(got) || i >= n || got[i] != string(message(i)) {
			t.Fatalf("%d messages, want %d; the first that is wrong is %d", len(got), n, i)
		}
	}
}

// TestBridge: in every compression a bot begins with its guilds, gets each event once over drops of both sides, and
// costs no identify at the gateway.
func TestBridge(t *testing.T) {
	for _, compression := range []engine.Compression{engine.NoCompression, engine.ZlibStream, engine.ZstdStream, engine.PayloadCompression} {
		t.Run(compression.String(), func(t *testing.T) {
			t.Parallel()
			s := newStand(t, nil, gatewaytest.WithGuilds(5, 50_000))
			bot := s.connect(t, blueToken, func(c *engine.Config) { c.Compression = compression })
			bot.wait(t, "GUILD_CREATE", 5)
			send(s.srv, 0, 200)
			bot.wait(t, "MESSAGE_CREATE", 200)
			s.srv.Drop(0)
			send(s.srv, 200, 100)
			bot.wait(t, "MESSAGE_CREATE", 300)
			if n := s.bridge.Drop(0); n != 1 {
				t.Errorf("%d connections dropped, want 1", n)
			}
			send(s.srv, 300, 100)
			bot.wait(t, "RESUMED", 1)
			bot.wait(t, "MESSAGE_CREATE", 400)
			bot.checkMessages(t, 400)
			bot.checkSeqs(t)
			if r := s.srv.Report(); r.Identifies != 1 || bot.count("READY") != 1 || len(bot.guilds) != 5 {
				t.Errorf("%d identifies at the gateway, %d READY, %d guilds at the bot; want 1, 1, 5", r.Identifies, bot.count("READY"), len(bot.guilds))
			}
		})
	}
}

// TestNothingLeaks: goroutines are as many after bots, drops and a bridge as before.
func TestNothingLeaks(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Run("", func(t *testing.T) {
		s := newStand(t, nil, gatewaytest.WithGuilds(2, 5000))
		bots := []*bot{s.connect(t, blueToken, nil), s.connect(t, greenToken, nil)}
		for round := range 3 {
			for _, bot := range bots {
				bot.wait(t, "GUILD_CREATE", 2)
				bot.wait(t, "RESUMED", round)
			}
			s.bridge.Drop(0)
		}
		s.stop()
	})
	leaks(t, before)
}
