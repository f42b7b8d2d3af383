package calm_test

import (
	"bytes"
	"context"
	"flag"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/calm"
	"github.com/sluice-go/sluice/gatewaytest"
)

var stormShards = flag.Int("storm.shards", 100, "how many connections TestStormOfDrops drops at once")

// lines counts what is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Count(l.text.Bytes(), []byte("\n"))
}

// TestStormOfDrops: a gateway drops all connections at once. Of what the engine says of it,
// at most 50 lines are written.
func TestStormOfDrops(t *testing.T) {
	shards := *stormShards
	srv := gatewaytest.NewServer(t, gatewaytest.WithShards(shards), gatewaytest.WithTLS(false),
		gatewaytest.WithMaxConcurrency(shards), gatewaytest.WithIdentifyInterval(0), gatewaytest.WithSessionStartLimit(2*shards, 2*shards))
	var plain, calmed lines
	handler := calm.New(slog.NewTextHandler(&calmed, nil))
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), Shards: engine.Shards{Total: shards},
		Logger: slog.New(slog.NewMultiHandler(slog.NewTextHandler(&plain, nil), handler)),
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	result := make(chan error, 1)
	go func() { result <- eng.Run(ctx) }()
	ready := func(resumed uint64) {
		t.Helper()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for limit := time.After(4 * time.Minute); ; {
			if s := eng.Stats(); s.NotReady == 0 && s.Identifies == uint64(shards) && s.Resumed == resumed {
				return
			}
			select {
			case <-tick.C:
			case <-limit:
				t.Fatalf("%v, %+v", eng, eng.Stats())
			}
		}
	}
	ready(0)
	before, calmBefore := plain.count(), calmed.count()
	for shard := range shards {
		srv.Drop(shard)
	}
	ready(uint64(shards))
	handler.Close()
	storm, calmStorm := plain.count()-before, calmed.count()-calmBefore
	cancel()
	if err := <-result; err != nil {
		t.Error(err)
	}
	t.Logf("%d drops: %d lines without, %d with", shards, storm, calmStorm)
	if storm < 2*shards || calmStorm > 50 {
		t.Errorf("%d drops: %d lines without, %d with\n%s", shards, storm, calmStorm, calmed.text.Bytes())
	}
	if testing.Verbose() {
		t.Logf("%s", calmed.text.Bytes())
	}
}
