package gatewaytest

import "net/url"

// WithPublicURL sets the WebSocket URL that clients are told of, by Get Gateway, Get Gateway Bot and
// READY's resume_gateway_url, for a server behind a front end. The front end may send all of its
// connections, REST requests too, to either address of the server. The default is the addresses
// that the server listens on.
func WithPublicURL(gatewayURL string) Option {
	return func(cfg *config) { cfg.publicURL = gatewayURL }
}

// WithResumeURL sets READY's resume_gateway_url alone; "" leaves it out of READY. The default is that
// of [WithPublicURL].
func WithResumeURL(gatewayURL string) Option {
	return func(cfg *config) { cfg.resumeURL = &gatewayURL }
}

// publicURL returns the gateway's URL as clients are told it.
func (s *Server) publicURL() string {
	if s.cfg.publicURL != "" {
		return s.cfg.publicURL
	}
	return s.URL()
}

// publicResumeURL returns what READY gives as resume_gateway_url, "" for nothing.
func (s *Server) publicResumeURL() string {
	switch {
	case s.cfg.resumeURL != nil:
		return *s.cfg.resumeURL
	case s.cfg.publicURL != "":
		return s.cfg.publicURL
	}
	return s.ResumeURL()
}

// isGatewayURL reports whether a client can use s as the URL of a gateway.
func isGatewayURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "ws" || u.Scheme == "wss") && u.Host != "" && u.RawQuery == "" && u.Fragment == "" && u.User == nil
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
