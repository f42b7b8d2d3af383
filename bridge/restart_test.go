package bridge_test

import (
	"bytes"
	"context"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// life runs a bridge on a directory. The engine begins when run is called.
func life(t *testing.T, srv *gatewaytest.Server, dir string) (s *stand, run func()) {
	t.Helper()
	data, err := bridge.OpenData(dir)
	if err != nil {
		t.Fatal(err)
	}
	eng, err := engine.New(engine.Config{
		Token: engine.NewToken(srv.Token()), APIURL: srv.APIURL(), Intents: gateway.IntentsAll,
		IdentifyQueue: identify.Unlimited{}, Logger: logger(), Sessions: data.Sessions(),
	})
	if err != nil {
		t.Fatal(err)
	}
	b, err := bridge.New(bridge.Config{Engine: eng, Data: data, Bots: []bridge.Bot{{Name: "blue", Token: blueToken}}, Logger: logger()})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := b.Serve(ctx, l); err != nil {
			t.Errorf("Serve returned %v", err)
		}
	})
	s = &stand{srv: srv, eng: eng, bridge: b, address: l.Addr().String()}
	s.stop = sync.OnceFunc(func() {
		b.Close()
		cancel()
		running.Wait()
	})
	t.Cleanup(s.stop)
	return s, func() {
		running.Go(func() {
			if err := eng.Run(ctx); err != nil {
				t.Errorf("Run returned %v", err)
			}
		})
	}
}

// TestResumeEarly: a bot that comes back before the bridge has read its files, and resumes before the engine knows its
// shards, goes on where it was, and what it asks for meanwhile is done later.
func TestResumeEarly(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithIdentifyInterval(0), gatewaytest.WithGuilds(1, 5000))
	dir := t.TempDir()
	first, run := life(t, srv, dir)
	run()
	if err := srv.WaitReady(t.Context(), 0); err != nil {
		t.Fatal(err)
	}
	c := first.dial(t, "v=10")
	id := c.identify(blueToken, gateway.IntentsAll)
	c.until(0, "GUILD_CREATE")
	first.stop()
	srv.RejectREST(1, http.StatusServiceUnavailable, 0) // the engine asks again in a moment
	second, run := life(t, srv, dir)
	go run() // while the bot dials
	c = second.dial(t, "v=10")
	c.say(`{"op":6,"d":{"token":%q,"session_id":%q,"seq":2}}`, blueToken, id)
	c.until(0, "RESUMED")
	c.say(`{"op":3,"d":{"status":"idle","activities":[],"since":null,"afk":false}}`)
	eventually(t, "the presence at the gateway", func() bool {
		return slices.ContainsFunc(srv.Received(0), func(p []byte) bool { return bytes.Contains(p, []byte(`"idle"`)) })
	})
	srv.Dispatch(0, "MESSAGE_CREATE", message(1))
	c.until(0, "MESSAGE_CREATE")
	if n := srv.Report().Identifies; n != 1 {
		t.Errorf("%d identifies at the gateway, want 1", n)
	}
}
