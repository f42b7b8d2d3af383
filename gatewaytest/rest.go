package gatewaytest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// restFault is an answer that the next REST requests get instead of a true one.
type restFault struct {
	status     int
	retryAfter time.Duration
	left       int
}

// RejectREST answers the next n REST requests with status. With 429 comes the body and the
// Retry-After header (whole seconds, rounded up) that Discord sends.
func (s *Server) RejectREST(n, status int, retryAfter time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.restFault = restFault{status: status, retryAfter: retryAfter, left: n}
}

// handler routes REST requests and upgrades, on both addresses alike.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	for _, version := range []string{"v9", "v10"} {
		mux.HandleFunc("GET /api/"+version+"/gateway", s.getGateway)
		mux.HandleFunc("GET /api/"+version+"/gateway/bot", s.getGatewayBot)
	}
	mux.HandleFunc("/api/", func(w http.ResponseWriter, _ *http.Request) {
		writeMessage(w, http.StatusNotFound, "404: Not Found")
	})
	mux.HandleFunc("/{$}", s.upgrade)
	return mux
}

// getGateway is Discord's Get Gateway.
func (s *Server) getGateway(w http.ResponseWriter, _ *http.Request) {
	if s.rejectREST(w) {
		return
	}
	writeJSON(w, http.StatusOK, map[string]string{"url": s.URL()})
}

// getGatewayBot is Discord's Get Gateway Bot.
func (s *Server) getGatewayBot(w http.ResponseWriter, r *http.Request) {
	if s.rejectREST(w) {
		return
	}
	if r.Header.Get("Authorization") != "Bot "+s.Token() {
		writeMessage(w, http.StatusUnauthorized, "401: Unauthorized")
		return
	}
	type startLimit struct {
		Total          int   `json:"total"`
		Remaining      int   `json:"remaining"`
		ResetAfter     int64 `json:"reset_after"`
		MaxConcurrency int   `json:"max_concurrency"`
	}
	remaining, resetAfter := s.starts.state(time.Now())
	writeJSON(w, http.StatusOK, struct {
		URL    string     `json:"url"`
		Shards int        `json:"shards"`
		Limit  startLimit `json:"session_start_limit"`
	}{s.URL(), s.cfg.shards, startLimit{
		Total:          s.cfg.startTotal,
		Remaining:      remaining,
		ResetAfter:     resetAfter.Milliseconds(),
		MaxConcurrency: s.cfg.maxConcurrency,
	}})
}

// rejectREST answers with the fault that RejectREST left, if any.
func (s *Server) rejectREST(w http.ResponseWriter) bool {
	s.mu.Lock()
	fault := s.restFault
	if fault.left > 0 {
		s.restFault.left--
	}
	s.mu.Unlock()
	if fault.left <= 0 {
		return false
	}
	if fault.status != http.StatusTooManyRequests {
		writeMessage(w, fault.status, strconv.Itoa(fault.status)+": "+http.StatusText(fault.status))
		return true
	}
	seconds := (fault.retryAfter + time.Second - 1) / time.Second
	w.Header().Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	writeJSON(w, fault.status, map[string]any{
		"message":     "You are being rate limited.",
		"retry_after": fault.retryAfter.Seconds(),
		"global":      false,
	})
	return true
}

// writeMessage writes an error as Discord's REST API shapes it.
func writeMessage(w http.ResponseWriter, status int, message string) {
	writeJSON(w, status, map[string]any{"message": message, "code": 0})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(v) // the client may be gone, which is its business
}
