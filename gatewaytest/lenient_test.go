package gatewaytest_test

import (
	"encoding/json"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// TestLenient sends what some clients do and Discord takes: an id as a number (JDA), and the name of the
// transport compression in the place of compress, a boolean (Oceanic.js).
func TestLenient(t *testing.T) {
	srv := gatewaytest.NewServer(t, gatewaytest.WithGuilds(1, 100))
	c := connect(t, srv, srv.URL(), "")
	c.send(`{"op":2,"d":{"token":%q,"intents":2,"compress":"zlib-stream","properties":{}}}`, srv.Token())
	if p := c.next(); p.name() != "READY" {
		t.Fatalf("%+v", p)
	}
	p := c.next()
	if p.name() != "GUILD_CREATE" {
		t.Fatalf("%+v", p)
	}
	var guild struct {
		ID string `json:"id"`
	}
	if err := json.Unmarshal(p.D, &guild); err != nil {
		t.Fatal(err)
	}
	c.send(`{"op":8,"d":{"guild_id":%s,"query":"","limit":1}}`, guild.ID)
	if p := c.next(); p.name() != "GUILD_MEMBERS_CHUNK" {
		t.Fatalf("%+v", p)
	}
	c.send(`{"op":8,"d":{"guild_id":-1,"query":"","limit":1}}`)
	if end := c.closed(); end.code != 4002 {
		t.Errorf("an id below 0: %+v", end)
	}
}
