package transport

import (
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/internal/secret"
)

// TestOpenGatewayBehindClosedAPI: an https API must not lead to an open line.
func TestOpenGatewayBehindClosedAPI(t *testing.T) {
	bot := &GatewayBot{URL: "ws://gw.test", Shards: 1}
	if err := bot.check("https://discord.com/api/v10", secret.New("MTk4NjIy.Cl2FMQ.token")); err == nil || !strings.Contains(err.Error(), "not encrypted") {
		t.Error(err)
	}
	if err := bot.check("http://127.0.0.1:1", secret.New("MTk4NjIy.Cl2FMQ.token")); err != nil {
		t.Error(err)
	}
}
