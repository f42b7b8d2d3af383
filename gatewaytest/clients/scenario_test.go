package clients

import (
	"context"
	"fmt"
	"net/http"
	"testing"
	"time"

	"crypto/tls"

	"github.com/gorilla/websocket"

	"github.com/sluice-go/sluice/gatewaytest"
)

// bot is a client under test: it sends the ids of the MESSAGE_CREATEs that it sees.
type bot struct {
	messages chan string
	// reidentifies says that it begins a new session even after an opcode 9 that says that the
	// session can be resumed.
	reidentifies bool
}

func newBot() *bot { return &bot{messages: make(chan string, 100)} }

// newServer starts a server that lets one client identify often.
func newServer(t *testing.T) *gatewaytest.Server {
	t.Helper()
	return gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithGuilds(2, 3000))
}

// dialer returns what the clients on gorilla/websocket dial with.
func dialer(srv *gatewaytest.Server) *websocket.Dialer {
	return &websocket.Dialer{TLSClientConfig: srv.TLSConfig(), HandshakeTimeout: 10 * time.Second}
}

// httpClient returns a client that trusts the server.
func httpClient(config *tls.Config) *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: config, DisableKeepAlives: true}}
}

// scenario puts a client through a day: events, a drop, opcode 7, and opcode 9 of both kinds. After each
// it must be back, and have missed nothing that it could have.
func scenario(t *testing.T, srv *gatewaytest.Server, b *bot) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	must := func(what string, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v; sessions %+v", what, err, srv.Sessions())
		}
	}
	next := 0
	message := func(what string) {
		t.Helper()
		next++
		id := fmt.Sprint(next)
		srv.Dispatch(0, "MESSAGE_CREATE", fmt.Appendf(nil,
			`{"id":%q,"channel_id":"7","content":"hello","type":0,"timestamp":"2026-01-01T00:00:00+00:00","author":{"id":"8","username":"x","discriminator":"0"}}`, id))
		select {
		case got := <-b.messages:
			if got != id {
				t.Fatalf("%s: got message %s, want %s", what, got, id)
			}
		case <-ctx.Done():
			t.Fatalf("%s: message %s did not come; sessions %+v", what, id, srv.Sessions())
		}
	}
	session := func() string {
		t.Helper()
		infos := srv.Sessions()
		if len(infos) != 1 {
			t.Fatalf("sessions %+v, want one", infos)
		}
		return infos[0].ID
	}
	resumes := func(n int) func(gatewaytest.SessionInfo) bool {
		return func(info gatewaytest.SessionInfo) bool { return info.Connected && info.Resumes >= n }
	}
	begun := func(old string) func(gatewaytest.SessionInfo) bool {
		return func(info gatewaytest.SessionInfo) bool { return info.Connected && info.ID != old && info.Seq >= 3 }
	}

	must("connect", srv.WaitReady(ctx, 0))
	message("connected")

	srv.Drop(0)
	message("dropped") // dispatched while it is away
	must("resume after a drop", srv.WaitSession(ctx, 0, resumes(1)))

	srv.Reconnect(0)
	must("resume after opcode 7", srv.WaitSession(ctx, 0, resumes(2)))
	message("after opcode 7")

	id := session()
	srv.InvalidateSession(0, true)
	if b.reidentifies {
		must("identify after opcode 9 with true", srv.WaitSession(ctx, 0, begun(id)))
	} else {
		must("resume after opcode 9 with true", srv.WaitSession(ctx, 0, resumes(3)))
	}
	message("after opcode 9 with true")

	before := srv.Sessions()
	id = before[len(before)-1].ID
	srv.InvalidateSession(0, false)
	must("identify after opcode 9 with false", srv.WaitSession(ctx, 0, begun(id)))
}
