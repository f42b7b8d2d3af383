package gatewaytest_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// A posted is a message as REST answers it, and as its event tells of it.
type posted struct {
	ID          string
	Type        int
	Content     string
	ChannelID   string `json:"channel_id"`
	ChannelType *int   `json:"channel_type"`
	GuildID     string `json:"guild_id"`
	Member      *struct{ Roles []string }
	Flags       int
	Edited      *string `json:"edited_timestamp"`
	Attachments []struct {
		ID, Filename, Description, URL string
		Size                           int
		ContentType                    string `json:"content_type"`
	}
}

// comes wants the next event to be of a type and about a message.
func comes(t *testing.T, c *client, name string, message posted) (event posted) {
	t.Helper()
	p := c.next()
	if err := json.Unmarshal(p.D, &event); err != nil || p.name() != name || event.ID != message.ID {
		t.Errorf("got %s, %s (%v); want %s of %s", p.name(), p.D, err, name, message.ID)
	}
	return event
}

// textChannel returns a text channel of the next event, a GUILD_CREATE, with a member who is not the
// bot.
func textChannel(c *client) (channel, user string) {
	c.tb.Helper()
	var guild struct {
		Channels []struct {
			ID   string
			Type int
		}
		Members []member
	}
	if err := json.Unmarshal(c.next().D, &guild); err != nil {
		c.tb.Fatal(err)
	}
	for _, ch := range guild.Channels {
		if ch.Type == 0 {
			return ch.ID, guild.Members[0].User.ID
		}
	}
	c.tb.Fatal("no text channel")
	return "", ""
}

// form makes a multipart body of payload_json and files, which are named by their field, and returns its
// type.
func form(payload string, files ...string) (body, kind string) {
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	if payload != "" {
		_ = w.WriteField("payload_json", payload)
	}
	for i, content := range files {
		part, _ := w.CreateFormFile(fmt.Sprintf("files[%d]", i), fmt.Sprintf("file %d.txt", i))
		_, _ = part.Write([]byte(content))
	}
	_ = w.Close()
	return b.String(), w.FormDataContentType()
}

// TestMessageWithFiles: the files are the attachments of the answer and of the event.
func TestMessageWithFiles(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 20_000))
	c, _, _ := begin(t, srv, "")
	channel, _ := textChannel(c)
	post := func(body, kind string) (*http.Response, string) {
		return askAs(t, srv, "POST", "/channels/"+channel+"/messages", body, kind)
	}
	body, kind := form(`{"content":"look","attachments":[{"id":1,"description":"a picture"},{"id":"0"}]}`, "hello", strings.Repeat("x", 100_000))
	res, answer := post(body, kind)
	var message posted
	if err := json.Unmarshal([]byte(answer), &message); err != nil || res.StatusCode != 200 {
		t.Fatalf("%s, %s (%v)", res.Status, answer, err)
	}
	if a := message.Attachments; message.Content != "look" || len(a) != 2 || a[0].Filename != "file 0.txt" || a[0].Size != 5 || a[0].ContentType == "" ||
		a[0].Description != "" || a[1].Description != "a picture" || a[1].Size != 100_000 || a[0].ID == a[1].ID || !strings.HasSuffix(a[0].URL, "/file%200.txt") {
		t.Errorf("answered %+v", message)
	}
	event := comes(t, c, "MESSAGE_CREATE", message)
	if len(event.Attachments) != 2 || event.GuildID == "" || event.Member == nil || len(event.Member.Roles) == 0 {
		t.Errorf("came %+v", event)
	}
	body, kind = form("", "only a file")
	if res, answer := post(body, kind); res.StatusCode != 200 {
		t.Errorf("a file alone: %s, %s", res.Status, answer)
	}
	eleven := make([]string, 11)
	for _, bad := range []struct {
		payload string
		files   []string
		cut     int
		status  int
		part    string
	}{
		{"{", []string{"x"}, 0, 400, `"code":50109`},
		{"", eleven, 0, 400, `"code":50035`},
		{"{}", []string{"x"}, 20, 400, `"code":50035`},
	} {
		body, kind := form(bad.payload, bad.files...)
		if res, answer := post(body[:len(body)-bad.cut], kind); res.StatusCode != bad.status || !strings.Contains(answer, bad.part) {
			t.Errorf("%q and %d files: %s, %s", bad.payload, len(bad.files), res.Status, answer)
		}
	}
}

// TestFileTooLarge: 10 MiB are the limit of a file, 25 that of a message.
func TestFileTooLarge(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 4000))
	c, _, _ := begin(t, srv, "")
	channel, _ := textChannel(c)
	nine := strings.Repeat("x", 9<<20)
	for _, files := range [][]string{{nine + nine[:1<<20+1]}, {nine, nine, nine[:7<<20]}} {
		body, kind := form("{}", files...)
		if res, answer := askAs(t, srv, "POST", "/channels/"+channel+"/messages", body, kind); res.StatusCode != 413 || !strings.Contains(answer, `"code":40005`) {
			t.Errorf("%d bytes: %s, %s", len(body), res.Status, answer)
		}
	}
	body, kind := form("{}", nine)
	if res, answer := askAs(t, srv, "POST", "/channels/"+channel+"/messages", body, kind); res.StatusCode != 200 || !strings.Contains(answer, `"size":9437184`) {
		t.Errorf("9 MiB: %s, %s", res.Status, answer)
	}
}

// TestDirectMessage opens one, twice, and writes there. Shard 0 hears of it.
func TestDirectMessage(t *testing.T) {
	srv := plain(t, gatewaytest.WithGuilds(1, 4000), gatewaytest.WithIdentifyInterval(0))
	var clients [2]*client
	var users [2]string
	for shard := range clients {
		clients[shard] = connect(t, srv, srv.URL(), "")
		clients[shard].identify(srv, shard, 2)
		_, users[shard] = textChannel(clients[shard])
	}
	type channel struct {
		ID         string
		Type       int
		Recipients []struct{ ID, Username string }
	}
	var first, again channel
	decode(t, srv, "POST", "/users/@me/channels", `{"recipient_id":"`+users[1]+`"}`, 200, &first)
	decode(t, srv, "POST", "/users/@me/channels", `{"recipient_id":`+users[1]+`}`, 200, &again)
	if first.Type != 1 || len(first.Recipients) != 1 || first.Recipients[0].ID != users[1] || first.Recipients[0].Username == "" || first.ID == "" || first.ID != again.ID {
		t.Errorf("%+v, then %+v", first, again)
	}
	var message posted
	decode(t, srv, "POST", "/channels/"+first.ID+"/messages", `{"content":"psst"}`, 200, &message)
	event := comes(t, clients[0], "MESSAGE_CREATE", message)
	if event.GuildID != "" || event.Member != nil || event.ChannelID != first.ID || event.ChannelType == nil || *event.ChannelType != 1 {
		t.Errorf("came %+v", event)
	}
	clients[1].send(`{"op":1,"d":2}`)
	if p := clients[1].next(); p.Op != 11 {
		t.Errorf("the other shard got %s", p.name())
	}
	for body, part := range map[string]string{`{"recipient_id":"7"}`: `"code":50033`, `{}`: `"code":50033`, `{"recipient_id":"x"}`: `"code":50109`} {
		if res, answer := ask(t, srv, "POST", "/users/@me/channels", body); res.StatusCode != 400 || !strings.Contains(answer, part) {
			t.Errorf("%s: %s, %s", body, res.Status, answer)
		}
	}
}
