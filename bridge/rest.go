package bridge

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// serveREST answers what bots ask about the gateway. Everything else is Discord's to answer.
func (b *Bridge) serveREST(w http.ResponseWriter, r *http.Request) {
	version, path, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/api/"), "/")
	if !isVersion(version) { // clients of long ago name none
		version, path = "", strings.TrimPrefix(r.URL.Path, "/api/")
	}
	asks := r.Method == http.MethodGet || r.Method == http.MethodHead
	switch {
	case asks && path == "gateway":
		answer(w, http.StatusOK, map[string]any{"url": b.url(r)})
	case asks && path == "gateway/bot":
		b.getGatewayBot(w, r)
	case b.pass != nil:
		b.pass.serve(w, r, path)
	default:
		fail(w, http.StatusNotFound, 0, "404: the bridge serves GET /gateway and GET /gateway/bot; the rest of the REST API is at https://discord.com/api, or here, if the bridge was told to pass it on")
	}
}

// isVersion reports whether a part of a path is v and a number.
func isVersion(s string) bool {
	return len(s) > 1 && len(s) <= 3 && s[0] == 'v' && strings.Trim(s[1:], "0123456789") == ""
}

// getGatewayBot answers Get Gateway Bot: the shards are the engine's, and an identify costs nothing at Discord.
func (b *Bridge) getGatewayBot(w http.ResponseWriter, r *http.Request) {
	holder := b.holder(r)
	if holder == nil {
		fail(w, http.StatusUnauthorized, 0, "401: Unauthorized")
		return
	}
	total := b.total()
	if total == 0 {
		w.Header().Set("Retry-After", "1")
		fail(w, http.StatusServiceUnavailable, 0, "503: the bridge has yet to learn its shards from Discord")
		return
	}
	remaining, reset := holder.starts.left(time.Now())
	answer(w, http.StatusOK, map[string]any{
		"url":    b.url(r),
		"shards": total,
		"session_start_limit": map[string]any{
			"total": b.config.StartsPerDay, "remaining": remaining, "reset_after": reset.Milliseconds(),
			"max_concurrency": total,
		},
	})
}

// holder returns the bot whose token a request shows, nil for none.
func (b *Bridge) holder(r *http.Request) *client {
	return b.keys.holder(gatewire.TrimToken(r.Header.Get("Authorization")))
}

// fail answers with an error as Discord's REST API shapes it (Discord: "Error Messages").
func fail(w http.ResponseWriter, status, code int, message string) {
	answer(w, status, map[string]any{"message": message, "code": code})
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone, which is its business
}
