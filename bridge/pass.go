package bridge

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"

	"github.com/sluice-go/sluice/internal/gatewire"
)

// passer passes REST requests on to Discord, with Discord's token in the place of the bot's. What Discord answers
// comes back as it is: its rate limits are the bot's to keep, and it sees their headers.
type passer struct {
	bridge *Bridge
	proxy  *httputil.ReverseProxy
}

func newPasser(b *Bridge) *passer {
	to, err := url.Parse(b.config.API)
	if err != nil {
		panic(err) // check has looked at it
	}
	p := &passer{bridge: b}
	p.proxy = &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			r.Out.Host = to.Host
			if r.Out.Header.Get("Authorization") != "" {
				r.Out.Header.Set("Authorization", "Bot "+gatewayToken(b))
			}
		},
		Transport: b.config.Transport,
		ErrorLog:  slog.NewLogLogger(b.logger.Handler(), slog.LevelDebug),
		ErrorHandler: func(w http.ResponseWriter, r *http.Request, err error) {
			b.logger.Warn("a REST request could not be passed on to Discord", "method", r.Method, "cause", err)
			fail(w, http.StatusBadGateway, 0, "502: the bridge cannot reach Discord's REST API")
		},
	}
	return p
}

func gatewayToken(b *Bridge) string { return gatewire.TrimToken(b.config.Token.Reveal()) }

// serve passes a request on that shows a token of the bridge's, or that needs none: for a webhook or an
// interaction, the path has one.
func (p *passer) serve(w http.ResponseWriter, r *http.Request, path string) {
	open := r.Header.Get("Authorization") == "" && (strings.HasPrefix(path, "webhooks/") || strings.HasPrefix(path, "interactions/"))
	if !open && p.bridge.holder(r) == nil {
		fail(w, http.StatusUnauthorized, 0, "401: Unauthorized")
		return
	}
	p.proxy.ServeHTTP(w, r)
}
