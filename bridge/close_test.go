package bridge

import (
	"bytes"
	"log/slog"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// TestCloseEndsArrivals: a bridge that closes leaves nothing running for a shard that was handed over and that the engine never
// got, nor for one that is handed over from then on.
func TestCloseEndsArrivals(t *testing.T) {
	t.Parallel()
	eng, err := engine.New(engine.Config{Token: engine.NewToken("a-token"), Intents: gateway.IntentsAll, StartEmpty: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Config{Engine: eng, Bots: []Bot{{"bot", fuzzToken}}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	arrive := func() (*shard, error) {
		sh, err := b.readShard(bytes.NewReader(handedOver(t, newExample(t))), place{1, 4}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return sh, b.welcome(sh)
	}
	sh, err := arrive()
	if err != nil {
		t.Fatal(err)
	}
	sh.commands.mu.Lock()
	w := sh.commands.work // which waits for the engine
	sh.commands.mu.Unlock()
	b.Close()
	select {
	case <-w.done:
	default:
		t.Error("commands still wait for the engine")
	}
	if _, err := arrive(); err == nil {
		t.Error("a bridge that is closed takes a shard")
	}
}
