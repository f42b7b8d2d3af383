package gatewaytest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gobwas/ws"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest/fault"
)

// maxConnPayloads is how many payloads of a client a [ConnReport] holds.
const maxConnPayloads = 64

// WithConnReports has [Report.Conns] tell of the first n connections. The default is 0.
func WithConnReports(n int) Option { return func(cfg *config) { cfg.connReports = n } }

// ConnReport is what a client did on one connection. Its fields have JSON names; durations, in
// nanoseconds, are from the upgrade on.
type ConnReport struct {
	Address   string `json:"address"`              // gateway or resume: which of the two the client came to
	Query     string `json:"query"`                // of the URL, as it was sent
	UserAgent string `json:"user_agent,omitempty"` // the header's value
	// Extensions is the header Sec-WebSocket-Extensions, which the server leaves unanswered.
	Extensions string `json:"extensions,omitempty"`

	Payloads  []SentPayload `json:"payloads"`            // the first 64
	Pings     int           `json:"pings,omitempty"`     // ping frames
	Pongs     int           `json:"pongs,omitempty"`     // pong frames
	Fragments int           `json:"fragments,omitempty"` // frames that were not a whole message
	Binary    int           `json:"binary,omitempty"`    // binary messages

	// Closed is the code of the client's close frame; 1005 stands for none in it, 0 says that none came.
	// Answer says that it answered the server's.
	Closed gateway.CloseCode `json:"closed,omitempty"`
	Answer bool              `json:"answer,omitempty"`
	// Ended is when the connection ended, 0 if it has not. End says how: close (by a closing
	// handshake), eof (the client ended TCP without one), reset (it did so by a reset, or by a
	// TLS error), or server.
	Ended time.Duration `json:"ended_ns,omitempty"`
	End   string        `json:"end,omitempty"`
}

// SentPayload is a payload that a client sent. Where Data has a token it reads "[token]".
type SentPayload struct {
	After time.Duration   `json:"after_ns"`
	Op    int64           `json:"op"`
	Data  json.RawMessage `json:"d,omitempty"`
}

// connReport is a report that is being written; a nil one takes nothing.
type connReport struct {
	token  secret
	opened time.Time

	mu sync.Mutex
	ConnReport
}

// connReport returns the report of a new connection, nil if none is wanted.
func (s *Server) connReport(r *http.Request, via fault.Address) *connReport {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.reports) >= s.cfg.connReports {
		return nil
	}
	report := &connReport{token: s.token, opened: time.Now(), ConnReport: ConnReport{
		Address:    via.String(),
		Query:      r.URL.RawQuery,
		UserAgent:  r.UserAgent(),
		Extensions: r.Header.Get("Sec-WebSocket-Extensions"),
	}}
	s.reports = append(s.reports, report)
	return report
}

// connReports returns what the reports say now.
func (s *Server) connReports() []ConnReport {
	s.mu.Lock()
	reports := slices.Clone(s.reports)
	s.mu.Unlock()
	if len(reports) == 0 {
		return nil
	}
	conns := make([]ConnReport, len(reports))
	for i, r := range reports {
		r.mu.Lock()
		conns[i] = r.ConnReport
		conns[i].Payloads = slices.Clone(r.Payloads)
		r.mu.Unlock()
	}
	return conns
}

// frame notes a frame that the client sent.
func (r *connReport) frame(h ws.Header) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch h.OpCode {
	case ws.OpPing:
		r.Pings++
	case ws.OpPong:
		r.Pongs++
	case ws.OpBinary:
		r.Binary++
	}
	if !h.Fin || h.OpCode == ws.OpContinuation {
		r.Fragments++
	}
}

// payload notes a whole message that the client sent.
func (r *connReport) payload(op int64, d json.RawMessage) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.Payloads) < maxConnPayloads {
		d = bytes.ReplaceAll(d, []byte(r.token()), []byte("[token]")) // a copy
		r.Payloads = append(r.Payloads, SentPayload{time.Since(r.opened), op, d})
	}
}

// close notes the client's close frame.
func (r *connReport) close(code ws.StatusCode, answer bool) {
	if r == nil {
		return
	}
	if code == 0 {
		code = ws.StatusNoStatusRcvd
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.Closed == 0 {
		r.Closed, r.Answer = gateway.CloseCode(code), answer
		r.end("close")
	}
}

// fail notes the error of reading, if nothing has ended the connection before.
func (r *connReport) fail(err error) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		r.end("eof")
	} else {
		r.end("reset")
	}
}

// kill notes that the server ends the connection, if nothing has before.
func (r *connReport) kill() {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.end("server")
}

// end is called with r.mu held.
func (r *connReport) end(how string) {
	if r.End == "" {
		r.Ended, r.End = time.Since(r.opened), how
	}
}
