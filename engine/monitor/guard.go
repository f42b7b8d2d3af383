package monitor

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxBody is how long the body of a request may be: a form of two short fields.
const maxBody = 4 << 10

// guarded refuses what must not be asked, and tells browsers what they may do with the rest.
func (m *Monitor) guarded(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	crossOrigin.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusForbidden, "a page of another site may not ask for this")
	}))
	next = crossOrigin.Handler(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "+
			"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
		if !m.knownHost(r) {
			refuse(w, r, http.StatusMisdirectedRequest, "this address answers to loopback names only; call it by 127.0.0.1 or localhost, or add the name to Config.Hosts")
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		next.ServeHTTP(w, r)
	})
}

// knownHost reports whether a request may have the Host that it has. On a loopback address
// any other than a loopback name may be a page's whose DNS name was made to lead here.
func (m *Monitor) knownHost(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	if !ok || !local.IP.IsLoopback() {
		return true
	}
	host := r.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	host = strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
	if ip := net.ParseIP(host); ip != nil {
		return ip.IsLoopback()
	}
	return host == "" || host == "localhost" || strings.HasSuffix(host, ".localhost") ||
		slices.ContainsFunc(m.config.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
}

// guesses counts wrong credentials, so that nobody tries many.
type guesses struct {
	mu    sync.Mutex
	since time.Time
	wrong int
}

// maxGuesses is how many wrong credentials are looked at within a minute.
const maxGuesses = 10

// tired reports whether there were too many.
func (g *guesses) tired(now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.wrong >= maxGuesses && now.Sub(g.since) < time.Minute
}

func (g *guesses) count(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if now.Sub(g.since) >= time.Minute {
		g.since, g.wrong = now, 0
	}
	g.wrong++
}

// trusted wraps an action: it asks for the credential.
func (m *Monitor) trusted(action http.HandlerFunc) http.HandlerFunc {
	want := sha256.Sum256([]byte(m.config.Credential))
	return func(w http.ResponseWriter, r *http.Request) {
		if m.config.Credential == "" {
			refuse(w, r, http.StatusForbidden, "there are no actions without a credential; set Config.Credential (sluice run --http-credential-file)")
			return
		}
		now := time.Now()
		if m.guesses.tired(now) {
			w.Header().Set("Retry-After", "60")
			refuse(w, r, http.StatusTooManyRequests, "too many wrong credentials; wait a minute")
			return
		}
		given, bearer := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if !bearer {
			if err := r.ParseForm(); err != nil {
				refuse(w, r, http.StatusBadRequest, fmt.Sprintf("the form cannot be read, or is longer than %d bytes", maxBody))
				return
			}
			given = r.PostForm.Get("credential")
		}
		got := sha256.Sum256([]byte(given)) // of equal length, whatever was given
		if subtle.ConstantTimeCompare(got[:], want[:]) != 1 {
			m.guesses.count(now)
			w.Header().Set("WWW-Authenticate", `Bearer realm="sluice"`)
			refuse(w, r, http.StatusUnauthorized, "the credential is missing or wrong")
			return
		}
		action(w, r)
	}
}

// alone wraps an action that is only for a process which has all of a bot's shards, or decides alone which it has.
func (m *Monitor) alone(action http.HandlerFunc) http.HandlerFunc {
	if !m.config.Shared {
		return action
	}
	return func(w http.ResponseWriter, r *http.Request) {
		refuse(w, r, http.StatusConflict, "several processes run this bot, and agree on its shards: give them all this order together, such as by sluice-fleet reshard, move or drain")
	}
}

// refuse answers with an error, as a page for people and as JSON for programs.
func refuse(w http.ResponseWriter, r *http.Request, status int, why string) {
	if wantsHTML(r) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		_ = pages.ExecuteTemplate(w, "said.html", said{Title: http.StatusText(status), Text: why, Failed: true})
		return
	}
	answer(w, status, struct {
		Error string `json:"error"`
	}{why})
}

// answer writes JSON.
func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// wantsHTML reports whether a browser asks, and not its script.
func wantsHTML(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
