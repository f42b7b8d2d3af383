package gatewaytest

import (
	"bytes"
	"io"
	"net/http"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gatewaytest/fault"
	"github.com/sluice-go/sluice/gatewaytest/internal/plan"
	"github.com/sluice-go/sluice/internal/gatewire"
)

// upgrade makes a WebSocket connection of a request. A URL that asks for an encoding or a
// compression that the server does not have is refused; a version is judged by a close code.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	compression, ok := gatewire.ParseCompression(query.Get("compress"))
	if encoding := query.Get("encoding"); !ok || encoding != "" && encoding != "json" {
		http.Error(w, "this gateway speaks encoding=json, compress=zlib-stream or zstd-stream", http.StatusBadRequest)
		return
	}
	wire := r.Context().Value(wireKey{}).(*wire)
	if s.refuse(w, r, wire) {
		return
	}
	nc, rw, _, err := ws.HTTPUpgrader{}.Upgrade(r, w)
	if err != nil {
		s.cfg.logger.Debug("upgrade refused", "error", err)
		if nc != nil {
			nc.Close()
		}
		return
	}
	var in io.Reader = nc
	if n := rw.Reader.Buffered(); n > 0 {
		early, _ := rw.Reader.Peek(n) // buffered bytes cannot fail
		in = io.MultiReader(bytes.NewReader(bytes.Clone(early)), nc)
	}
	c := newConn(s, nc, in, compression)
	c.report = s.connReport(r, wire.via)
	if !s.register(c) {
		nc.Close()
		return
	}
	if v := query.Get("v"); v != "9" && v != "10" {
		c.refuse(gatewire.InvalidAPIVersion)
	} else if s.cfg.helloDelay > 0 {
		time.AfterFunc(s.cfg.helloDelay, func() { c.greet(wire.via) })
	} else {
		c.greet(wire.via)
	}
	go c.receive()
	go c.send()
}

// greet has hello written, unless a fault comes in its place.
func (c *conn) greet(via fault.Address) {
	if !c.closing.Begun() && !c.suffer(c.srv.fault(fault.AtHello, plan.NoShard, via)) {
		c.control(c.srv.hello(), false)
	}
}

// register adds c to the connections that Close ends, and its two goroutines to those that Close
// waits for; false if the server is closed already.
func (s *Server) register(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[c] = struct{}{}
	s.wg.Add(2)
	s.counts.connections++
	return true
}
