package sluicedisgo_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/rest"

	sluicedisgo "github.com/sluice-go/sluice/adapters/disgo"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gatewaytest"
)

// patience is how long a test waits for what must happen, on a machine that has much
// else to do.
const patience = 2 * time.Minute

// before returns a context that ends when patience does.
func before(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// eventually polls for what no channel tells of.
func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for limit := time.After(patience); !is(); {
		select {
		case <-tick.C:
		case <-limit:
			t.Fatalf("%s: did not come", what)
		}
	}
}

// noLeaks fails a test that leaves goroutines of this project or of disgo behind.
func noLeaks(t *testing.T) {
	t.Cleanup(func() {
		var left string
		for limit := time.Now().Add(patience); time.Now().Before(limit); time.Sleep(5 * time.Millisecond) {
			if left = goroutines(); left == "" {
				return
			}
		}
		t.Errorf("goroutines are left:\n%s", left)
	})
}

// goroutines returns the stacks that have code of the adapter, the engine or disgo's
// gateway in them.
func goroutines() string {
	stacks := make([]byte, 1<<20)
	stacks = stacks[:runtime.Stack(stacks, true)]
	var ours []string
	for _, stack := range strings.Split(string(stacks), "\n\n") {
		for _, name := range []string{"sluicedisgo.(", "/sluice/engine", "/sluice/internal", "disgo/gateway.", "disgo/sharding."} {
			if strings.Contains(stack, name) && !strings.Contains(stack, "sluicedisgo_test.goroutines") {
				ours = append(ours, stack)
				break
			}
		}
	}
	return strings.Join(ours, "\n\n")
}

// config is an engine's, for a server.
func config(srv *gatewaytest.Server) engine.Config {
	return engine.Config{Token: engine.NewToken(srv.Token()), TLS: srv.TLSConfig(), APIURL: srv.APIURL()}
}

// newClient makes a client of disgo's whose REST requests go to a server.
func newClient(t testing.TB, srv *gatewaytest.Server, opts ...bot.ConfigOpt) *bot.Client {
	t.Helper()
	transport := &http.Transport{TLSClientConfig: srv.TLSConfig()}
	t.Cleanup(transport.CloseIdleConnections)
	client, err := disgo.New(srv.Token(), append([]bot.ConfigOpt{
		bot.WithLogger(slog.New(slog.NewTextHandler(io.Discard, nil))),
		bot.WithRestClientConfigOpts(rest.WithURL(srv.APIURL()), rest.WithHTTPClient(&http.Client{Transport: transport, Timeout: patience})),
	}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// manager returns the manager of a client.
func manager(client *bot.Client) *sluicedisgo.Manager {
	if g, ok := client.Gateway.(*sluicedisgo.Gateway); ok {
		return g.Manager()
	}
	return client.ShardManager.(*sluicedisgo.Manager)
}

// journal notes what comes, by name.
type journal[T any] struct {
	mu   sync.Mutex
	list []T
}

func (j *journal[T]) add(v T) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.list = append(j.list, v)
}

func (j *journal[T]) all() []T {
	j.mu.Lock()
	defer j.mu.Unlock()
	return append([]T(nil), j.list...)
}

func (j *journal[T]) len() int { return len(j.all()) }
