package bridge

import (
	"bytes"
	"context"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
)

func (b *Bridge) serve(ctx context.Context, l net.Listener) error {
	if b.config.TLS != nil {
		config := b.config.TLS.Clone()
		config.NextProtos = []string{"http/1.1"} // an upgrade is not possible in HTTP/2
		l = tls.NewListener(l, config)
	}
	srv := &http.Server{
		Handler: b, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		TLSNextProto: map[string]func(*http.Server, *tls.Conn, http.Handler){},
		ErrorLog:     slog.NewLogLogger(b.logger.Handler(), slog.LevelDebug),
	}
	ended := context.AfterFunc(ctx, func() { srv.Close() })
	defer ended()
	defer l.Close()
	if err := srv.Serve(l); ctx.Err() == nil {
		return err
	}
	return nil
}

// ServeHTTP implements [http.Handler]: the gateway at /, the REST API below /api/.
func (b *Bridge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	b.limitBody(w, r)
	switch {
	case r.URL.Path == "/" || r.URL.Path == "":
		b.upgrade(w, r)
	case strings.HasPrefix(r.URL.Path, "/api/"):
		b.serveREST(w, r)
	case strings.HasPrefix(r.URL.Path, handoverPath) && r.Method == http.MethodPost:
		b.takeOver(w, r)
	default:
		fail(w, http.StatusNotFound, 0, "404: this is a gateway for Discord bots: its WebSocket is at / and its REST API below /api/v10")
	}
}

// upgrade makes a WebSocket connection of a request. A URL that asks for an encoding or a compression that
// Discord does not have, or for events that there are not, is refused; a version is judged by a close code.
func (b *Bridge) upgrade(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	compression, ok := gatewire.ParseCompression(query.Get("compress"))
	if encoding := query.Get("encoding"); !ok || encoding != "" && encoding != "json" {
		http.Error(w, "this gateway speaks encoding=json, compress=zlib-stream or zstd-stream", http.StatusBadRequest)
		return
	}
	events := gateway.AllDispatches()
	if list := query.Get("events"); list != "" {
		var err error
		if events, err = gateway.ParseEventSet(list); err != nil {
			http.Error(w, "events: "+strings.TrimPrefix(err.Error(), "gateway: "), http.StatusBadRequest)
			return
		}
	}
	if !b.awaitLoad(r.Context()) {
		http.Error(w, "the bridge has yet to read what it keeps over restarts: try again", http.StatusServiceUnavailable)
		return
	}
	nc, rw, _, err := ws.HTTPUpgrader{}.Upgrade(r, w)
	if err != nil {
		b.logger.Debug("upgrade refused", "error", err)
		if nc != nil {
			nc.Close()
		}
		return
	}
	nc.SetDeadline(time.Time{})
	var in io.Reader = nc
	if n := rw.Reader.Buffered(); n > 0 {
		early, _ := rw.Reader.Peek(n) // buffered bytes cannot fail
		in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), nc)
	}
	c := newConn(b, nc, in, compression)
	c.events = events.Union(always)
	c.url, c.host, c.query, c.relayed = b.url(r), r.Host, query, r.Header.Get(relayHeader) != ""
	if !b.register(c) {
		c.kill()
		return
	}
	if v := query.Get("v"); v != "9" && v != "10" {
		c.refuse(gatewire.InvalidAPIVersion)
	} else {
		c.control(gatewire.AppendHello(nil, b.config.Heartbeat, "gateway-sluice"))
	}
	go c.receive()
	go c.send()
}

// loadTimeout is how long an upgrade waits for what the bridge keeps over restarts.
const loadTimeout = 10 * time.Second

// awaitLoad waits until the sessions of the last process are known, so that none is refused that can be resumed.
func (b *Bridge) awaitLoad(ctx context.Context) bool {
	if b.config.Data == nil {
		return true
	}
	timer := time.NewTimer(loadTimeout)
	defer timer.Stop()
	select {
	case <-b.config.Data.loaded:
		return true
	case <-ctx.Done():
	case <-b.quit:
	case <-timer.C:
	}
	return false
}

// always are events that a bot gets whatever its URL asks for: without them its library does not work.
var always = gateway.Events(gateway.EventReady, gateway.EventResumed, gateway.EventGuildMembersChunk, gateway.EventRateLimited)

// url returns the gateway's address as the client of a request reaches it.
func (b *Bridge) url(r *http.Request) string {
	switch {
	case b.config.URL != "":
		return b.config.URL
	case r.TLS != nil:
		return "wss://" + r.Host
	}
	return "ws://" + r.Host
}
