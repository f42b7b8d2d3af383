package gatewaytest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// TestInteractionIsAnswered answers one that a test sent, and all that can follow.
func TestInteractionIsAnswered(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 4000))
	c, _, _ := begin(t, srv, "")
	channel, _ := textChannel(c)
	var app struct{ ID string }
	decode(t, srv, "GET", "/applications/@me", "", 200, &app)
	interaction := func(n int) (callback, webhook string) {
		t.Helper()
		srv.Dispatch(0, "INTERACTION_CREATE", fmt.Appendf(nil, `{"id":"%d","token":"token-%d","type":2,"channel_id":%q}`, n, n, channel))
		if p := c.next(); p.name() != "INTERACTION_CREATE" {
			t.Fatalf("got %s", p.name())
		}
		return fmt.Sprintf("/interactions/%d/token-%d/callback", n, n), fmt.Sprintf("/webhooks/%s/token-%d", app.ID, n)
	}
	wants := func(method, path, body string, status int, part string) string {
		t.Helper()
		res, answer := ask(t, srv, method, path, body)
		if res.StatusCode != status || !strings.Contains(answer, part) {
			t.Errorf("%s %s %s: %s, %q; want %d, %q", method, path, body, res.Status, answer, status, part)
		}
		return answer
	}
	message := func(method, path, body string) (m posted) {
		t.Helper()
		decode(t, srv, method, path, body, 200, &m)
		return m
	}

	callback, webhook := interaction(1)
	wants("PATCH", webhook+"/messages/@original", `{"content":"early"}`, 404, `"code":10015`)
	wants("POST", callback, `{"type":3}`, 400, "BASE_TYPE_CHOICES")
	wants("POST", callback, `{"type":4,"data":{}}`, 400, `"code":50006`)
	if answer := wants("POST", callback, `{"type":4,"data":{"content":"pong"}}`, 204, ""); answer != "" {
		t.Errorf("204 with %q", answer)
	}
	original := message("GET", webhook+"/messages/@original", "")
	if event := comes(t, c, "MESSAGE_CREATE", original); event.Content != "pong" || event.ChannelID != channel || event.GuildID == "" || event.Type != 20 {
		t.Errorf("came %+v", event)
	}
	wants("POST", callback, `{"type":4,"data":{"content":"twice"}}`, 400, `"code":40060`)
	edited := message("PATCH", webhook+"/messages/@original", `{"content":"pong!"}`)
	if event := comes(t, c, "MESSAGE_UPDATE", original); event.Content != "pong!" || event.Edited == nil || edited.Content != "pong!" {
		t.Errorf("came %+v, answered %+v", event, edited)
	}
	followup := message("POST", webhook, `{"content":"and"}`)
	comes(t, c, "MESSAGE_CREATE", followup)
	if got := message("GET", webhook+"/messages/"+followup.ID, ""); got.Content != "and" {
		t.Errorf("%+v", got)
	}
	wants("DELETE", webhook+"/messages/"+followup.ID, "", 204, "")
	comes(t, c, "MESSAGE_DELETE", followup)
	wants("GET", webhook+"/messages/"+followup.ID, "", 404, `"code":10008`)

	callback, webhook = interaction(2)
	var with struct {
		Interaction struct {
			ID        string
			MessageID string `json:"response_message_id"`
			Loading   bool   `json:"response_message_loading"`
		}
		Resource struct{ Message posted }
	}
	decode(t, srv, "POST", callback+"?with_response=true", `{"type":5}`, 200, &with)
	if with.Interaction.ID != "2" || !with.Interaction.Loading || with.Interaction.MessageID != with.Resource.Message.ID || with.Resource.Message.Flags != 128 {
		t.Errorf("%+v", with)
	}
	comes(t, c, "MESSAGE_CREATE", with.Resource.Message)
	body, kind := form(`{"content":"done"}`, "a file")
	res, answer := askAs(t, srv, "PATCH", webhook+"/messages/@original", body, kind)
	var done posted
	if err := json.Unmarshal([]byte(answer), &done); err != nil || res.StatusCode != http.StatusOK || done.Flags != 0 || done.Edited != nil || len(done.Attachments) != 1 {
		t.Errorf("%s, %s (%v)", res.Status, answer, err)
	}
	comes(t, c, "MESSAGE_UPDATE", done)

	callback, _ = interaction(3) // only its user sees the answer
	wants("POST", callback, `{"type":4,"data":{"content":"psst","flags":64}}`, 204, "")
	callback, webhook = interaction(4)
	wants("POST", callback, `{"type":6}`, 204, "")
	wants("PATCH", webhook+"/messages/@original", `{"content":"x"}`, 501, "callback of type 6")
	interaction(5) // there was no event since

	wants("POST", "/interactions/9/token-1/callback", `{"type":1}`, 404, `"code":10062`)
	wants("POST", "/interactions/9/token/callback", `{"type":1}`, 404, `"code":10062`)
	wants("POST", "/interactions/5/token-5/callback", `{`, 400, `"code":50109`)
	wants("POST", "/webhooks/1/token-1", `{"content":"x"}`, 404, `"code":10002`)
	wants("POST", "/webhooks/"+app.ID+"/token", `{"content":"x"}`, 404, `"code":10015`)
	wants("GET", "/webhooks/1", "", 501, "does not serve GET /webhooks/1")
}

// TestInteractionOfTraffic: what steady traffic brings can be answered too, where it came from.
func TestInteractionOfTraffic(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 0), gatewaytest.WithTraffic(gatewaytest.Saturated), gatewaytest.WithEvents(2000))
	c, _, _ := begin(t, srv, "")
	var in struct {
		ID, Token string
		ChannelID string `json:"channel_id"`
		GuildID   string `json:"guild_id"`
	}
	for in.ID == "" {
		if p := c.next(); p.name() == "INTERACTION_CREATE" {
			if err := json.Unmarshal(p.D, &in); err != nil {
				t.Fatal(err)
			}
		}
	}
	var answered struct{ Resource struct{ Message posted } }
	decode(t, srv, "POST", "/interactions/"+in.ID+"/"+in.Token+"/callback?with_response=true", `{"type":4,"data":{"content":"pong"}}`, 200, &answered)
	for {
		p := c.next()
		if p.Op != 0 {
			continue
		}
		var came posted
		if err := json.Unmarshal(p.D, &came); err == nil && p.name() == "MESSAGE_CREATE" && came.ID == answered.Resource.Message.ID {
			if came.Content != "pong" || came.ChannelID != in.ChannelID || came.GuildID != in.GuildID {
				t.Errorf("came %+v, of %+v", came, in)
			}
			return
		}
	}
}
