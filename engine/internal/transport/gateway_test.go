package transport

import (
	"crypto/tls"
	"testing"
)

// A connection to the gateway is never renegotiated, whatever Config.TLS says; those
// to the API are as it says.
func TestGatewayIsNotRenegotiated(t *testing.T) {
	for _, name := range []string{"", "gateway.test"} {
		config := &tls.Config{Renegotiation: tls.RenegotiateFreelyAsClient, ServerName: name}
		d := NewGateway(nil, config, nil, nil)
		if got := d.configFor("gateway.test"); got.Renegotiation != tls.RenegotiateNever || got.ServerName != "gateway.test" {
			t.Errorf("the gateway's configuration: %v, %q", got.Renegotiation, got.ServerName)
		}
		if config.Renegotiation != tls.RenegotiateFreelyAsClient {
			t.Error("the user's configuration was changed")
		}
	}
}
