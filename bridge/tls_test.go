package bridge_test

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gatewaytest"
)

// TestTLS: a bot that comes by TLS is told wss as the gateway's address, and stays there.
func TestTLS(t *testing.T) {
	t.Parallel()
	certified := httptest.NewTLSServer(http.NotFoundHandler())
	defer certified.Close()
	s := newStand(t, func(c *bridge.Config, _ *engine.Config) {
		c.TLS = &tls.Config{Certificates: certified.TLS.Certificates}
	},
		gatewaytest.WithGuilds(1, 5000))
	bot := s.connect(t, blueToken, func(c *engine.Config) {
		c.APIURL = "https://" + s.address + "/api/v10"
		c.TLS = certified.Client().Transport.(*http.Transport).TLSClientConfig
	})
	bot.wait(t, "GUILD_CREATE", 1)
	s.bridge.Drop(0)
	bot.wait(t, "RESUMED", 1)
	for shard := range bot.Shards() {
		if url := shard.Session().ResumeURL; url != "wss://"+s.address {
			t.Errorf("resume_gateway_url %s", url)
		}
	}
}

// TestLeftBehind: a bot that identifies again and again leaves no more than some sessions behind.
func TestLeftBehind(t *testing.T) {
	t.Parallel()
	s := newStand(t, nil)
	for range 30 {
		c := s.dial(t, "v=10")
		c.identify(blueToken, 1)
		c.nc.Close()
	}
	eventually(t, "few sessions", func() bool { return s.bridge.Stats().Sessions <= 10 })
}
