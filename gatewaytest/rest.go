package gatewaytest

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
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

// A call is a REST request and its answer.
type call struct {
	http.ResponseWriter
	*http.Request
	srv    *Server
	route  string // method and path, with names in place of ids, for the report
	status int    // of the answer
}

// WriteHeader implements [http.ResponseWriter].
func (c *call) WriteHeader(status int) {
	c.status = status
	c.ResponseWriter.WriteHeader(status)
}

// handler routes REST requests and upgrades, on both addresses alike.
func (s *Server) handler() http.Handler {
	mux := http.NewServeMux()
	route := func(pattern string, handle func(*call)) {
		method, path, _ := strings.Cut(pattern, " ")
		for _, version := range []string{"/api/v9", "/api/v10"} {
			mux.HandleFunc(method+" "+version+path, s.serveREST(pattern, handle))
		}
	}
	route("GET /gateway", (*call).getGateway)
	route("GET /gateway/bot", authorized((*call).getGatewayBot))
	route("GET /users/@me", authorized((*call).getCurrentUser))
	route("GET /applications/@me", authorized((*call).getApplication))
	route("GET /oauth2/applications/@me", authorized((*call).getApplication))
	for _, scope := range []string{"", "/guilds/{guild}"} {
		path := "/applications/{application}" + scope + "/commands"
		route("GET "+path, authorized((*call).getCommands))
		route("PUT "+path, authorized((*call).putCommands))
		route("POST "+path, authorized((*call).postCommand))
	}
	route("POST /channels/{channel}/messages", authorized((*call).postMessage))
	route("POST /users/@me/channels", authorized((*call).postDirect))
	route("POST /interactions/{interaction}/{token}/callback", within((*call).postCallback))
	route("POST /webhooks/{application}/{token}", within((*call).postFollowup))
	route("GET /webhooks/{application}/{token}/messages/{message}", within((*call).getResponse))
	route("PATCH /webhooks/{application}/{token}/messages/{message}", within((*call).patchResponse))
	route("DELETE /webhooks/{application}/{token}/messages/{message}", within((*call).deleteResponse))
	mux.HandleFunc("/api/", s.serveREST("", (*call).notServed))
	mux.HandleFunc("/{$}", s.upgrade)
	return mux
}

// serveREST has handle answer requests, unless RejectREST has them refused, and counts them.
func (s *Server) serveREST(route string, handle func(*call)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c := &call{ResponseWriter: w, Request: r, srv: s, route: route}
		if !c.reject() {
			handle(c)
		}
		if c.route == "" {
			c.route = r.Method + " " + resource(r.URL.Path)
		}
		s.count(func(n *counts) { n.rest.add(c.route + ": " + strconv.Itoa(c.status)) })
	}
}

// authorized has handle answer those alone that show the bot's token, within the route's rate limit.
func authorized(handle func(*call)) func(*call) {
	return func(c *call) {
		if c.Request.Header.Get("Authorization") != "Bot "+c.srv.Token() {
			c.fail(http.StatusUnauthorized, 0, "401: Unauthorized")
			return
		}
		within(handle)(c)
	}
}

// within has handle answer within the route's rate limit.
func within(handle func(*call)) func(*call) {
	return func(c *call) {
		if !c.limited(time.Now()) {
			handle(c)
		}
	}
}

// restResources are the first words of the paths that Discord's REST API has.
var restResources = []string{
	"applications", "channels", "gateway", "guilds", "interactions", "invites", "lobbies", "oauth2", "skus",
	"soundboard-default-sounds", "stage-instances", "sticker-packs", "stickers", "users", "voice", "webhooks",
}

// notServed answers what no other route does: Discord's own answer to paths that it does not know
// either, and else that this server has no answer.
func (c *call) notServed() {
	version, path, _ := strings.Cut(strings.TrimPrefix(c.URL.Path, "/api/"), "/")
	if version != "v9" && version != "v10" {
		c.fail(http.StatusBadRequest, 50041, "Invalid API version")
		return
	}
	for _, name := range restResources {
		if name == strings.SplitN(path, "/", 2)[0] {
			authorized(func(c *call) {
				c.fail(http.StatusNotImplemented, 0, "501: the test gateway does not serve "+c.Method+" /"+path+
					"; docs/testing.md lists what it serves")
			})(c)
			return
		}
	}
	c.fail(http.StatusNotFound, 0, "404: Not Found")
}

// resource returns the resource of a path for the report, where ids would make too many entries.
func resource(path string) string {
	parts := strings.Split(path, "/")
	if len(parts) > 3 {
		for _, name := range restResources {
			if name == parts[3] {
				return "/" + name + "/…"
			}
		}
	}
	return "/…"
}

// reject answers with the fault that RejectREST left, if any.
func (c *call) reject() bool {
	s := c.srv
	s.mu.Lock()
	fault := s.restFault
	if fault.left > 0 {
		s.restFault.left--
	}
	s.mu.Unlock()
	if fault.left <= 0 {
		return false
	}
	if fault.status == http.StatusTooManyRequests {
		c.tooMany(fault.retryAfter, "shared")
	} else {
		c.fail(fault.status, 0, strconv.Itoa(fault.status)+": "+http.StatusText(fault.status))
	}
	return true
}

// fail answers with an error as Discord's REST API shapes it (Discord: "Error Messages").
func (c *call) fail(status, code int, message string) {
	c.answer(status, map[string]any{"message": message, "code": code})
}

// invalid answers that a field of the body is wrong.
func (c *call) invalid(field, code, message string) {
	c.answer(http.StatusBadRequest, map[string]any{
		"message": "Invalid Form Body", "code": 50035,
		"errors": map[string]any{field: map[string]any{"_errors": []any{map[string]any{"code": code, "message": message}}}},
	})
}

func (c *call) answer(status int, v any) {
	c.ResponseWriter.Header().Set("Content-Type", "application/json")
	c.WriteHeader(status)
	_ = json.NewEncoder(c.ResponseWriter).Encode(v) // the client may be gone, which is its business
}
