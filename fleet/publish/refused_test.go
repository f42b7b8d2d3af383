//go:build !plan9 && !aix

package publish

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/gateway"
)

// TestRefused: a user who may not publish is told so, over core NATS and JetStream, and events
// count as failed; the connection's own handler hears of it, too.
func TestRefused(t *testing.T) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, NoLog: true, NoSigs: true, Users: []*server.User{{
		Username: "bot", Password: "secret",
		Permissions: &server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"bot.>"}}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	s.Start()
	t.Cleanup(s.Shutdown)
	for _, stream := range []gateway.EventSet{{}, gateway.AllDispatches()} {
		heard := make(chan error, 100)
		conn, err := nats.Connect(s.ClientURL(), nats.UserInfo("bot", "secret"),
			nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { heard <- err }))
		if err != nil {
			t.Fatal(err)
		}
		var logs bytes.Buffer
		var mu sync.Mutex
		p, err := New(Config{Conn: conn, Prefix: "bot", Stream: stream, Logger: slog.New(slog.NewTextHandler(lockedWriter{&mu, &logs}, nil))})
		if err != nil {
			t.Fatal(err)
		}
		r := newRig(t)
		p.Attach(r.eng, gateway.AllDispatches())
		r.run()
		if err := <-heard; !errors.Is(err, nats.ErrPermissionViolation) {
			t.Errorf("the connection's handler: %v", err)
		}
		eventually(t, "the count", func() bool { return p.Stats().Failed > 0 })
		mu.Lock()
		if !strings.Contains(logs.String(), "give it permission for bot.ev.>") {
			t.Errorf("logged: %s", logs.String())
		}
		mu.Unlock()
		r.stop()
		p.end()
		conn.Close()
	}
}
