package clients

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// announced is what a server tells of a guild.
type announced struct {
	ID       string
	Channels []struct {
		ID   string
		Type int
	}
	Threads []struct{ ID string }
	Members []json.RawMessage
}

// text returns a channel for messages.
func (g *announced) text() string {
	for _, c := range g.Channels {
		if c.Type == 0 {
			return c.ID
		}
	}
	return g.ID
}

const guildCount, guildBytes = 3, 6000

// options are those of every server here; what derives from them is the same on each.
func options(more ...gatewaytest.Option) []gatewaytest.Option {
	return append([]gatewaytest.Option{
		gatewaytest.WithIdentifyInterval(0), gatewaytest.WithGuilds(guildCount, guildBytes), gatewaytest.WithConnReports(50),
	}, more...)
}

// announce reads what a server tells a client at first, by a client of its own.
func announce(t *testing.T) (guilds []announced) {
	t.Helper()
	srv := gatewaytest.NewServer(t, options(gatewaytest.WithTLS(false))...)
	ws, _, err := websocket.DefaultDialer.DialContext(t.Context(), srv.URL()+"/?v=10&encoding=json", http.Header{})
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	ws.SetReadDeadline(time.Now().Add(time.Minute))
	identify := fmt.Sprintf(`{"op":2,"d":{"token":%q,"properties":{},"intents":%d}}`, srv.Token(), gateway.IntentsAll)
	if err := ws.WriteMessage(websocket.TextMessage, []byte(identify)); err != nil {
		t.Fatal(err)
	}
	for len(guilds) < guildCount {
		var p struct {
			T string
			D json.RawMessage
		}
		if err := ws.ReadJSON(&p); err != nil {
			t.Fatal(err)
		}
		if p.T == "GUILD_CREATE" {
			var g announced
			if err := json.Unmarshal(p.D, &g); err != nil {
				t.Fatal(err)
			}
			guilds = append(guilds, g)
		}
	}
	return guilds
}
