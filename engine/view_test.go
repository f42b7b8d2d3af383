package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"reflect"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/engine/internal/wiretest"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// TestView follows a shard through two connections.
func TestView(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		r := start(t, func(c *Config) {
			c.GatewayURL = "ws://gateway.discord.gg/?key=proxy-key"
			c.Presence = []byte(`{"status":"idle"}`)
		})
		p := r.net.accept(t)
		s := r.shard(0)
		v := s.View()
		if v.State != lifecycle.AwaitingHello || v.Since != began || v.NotReady != began || v.Attempts != 1 || v.Failures != 0 ||
			v.Opened != lifecycle.HandshakeNone || v.Next != lifecycle.HandshakeIdentify || v.Permits != (Permits{}) || v.Cause != "" {
			t.Errorf("before hello: %+v", v)
		}
		if got, want := v.String(), "0/1 AwaitingHello for 0s, attempt 1 after 0 failures, 0 permits, 0 bytes of 0, reconnects: none, next: identify"; got != want {
			t.Errorf("%s\nwant %s", got, want)
		}
		time.Sleep(time.Second)
		p.begin()
		waitState(t, s, lifecycle.Ready)
		if err := s.Send(context.Background(), presence); err != nil {
			t.Error(err)
		}
		p.expect(`{"op":3,`)
		sent := time.Now()
		time.Sleep(42 * time.Second) // at least one heartbeat
		v = s.View()
		if v.State != lifecycle.Ready || v.Since != began.Add(time.Second) || !v.NotReady.IsZero() || v.Attempts != 0 ||
			v.Opened != lifecycle.HandshakeIdentify || v.Next != lifecycle.HandshakeResume || v.Identifies != 1 || v.Session != s.Session() {
			t.Errorf("ready: %+v", v)
		}
		if v.Latency.Sent.IsZero() || v.Latency.Received != v.Latency.Sent {
			t.Errorf("latency %+v", v.Latency)
		}
		if v.Permits.Left != limit.Commands(0, 41250*time.Millisecond)-1 || v.Permits.Next != sent.Add(limit.Period) {
			t.Errorf("permits %+v", v.Permits)
		}
		first := v.Connection
		if first.In == 0 || first != v.Flow || first.Out != s.Stats().BytesJSON {
			t.Errorf("through the decompressor: %+v, %+v", v.Connection, v.Flow)
		}

		p.drop()
		close(p.out)
		q := r.net.accept(t)
		q.resume()
		q.send(`{"t":"RESUMED","s":2,"op":0,"d":{}}`)
		waitState(t, s, lifecycle.Ready)
		v = s.View()
		if v.Opened != lifecycle.HandshakeResume || v.Reconnects != (lifecycle.Causes{lifecycle.CauseBroken: 1}) || v.Resumes != 1 || v.Latency != (lifecycle.Latency{}) {
			t.Errorf("resumed: %+v", v)
		}
		if v.Connection.In == 0 || v.Connection.In != v.Flow.In-first.In || v.Connection.Out != v.Flow.Out-first.Out {
			t.Errorf("through the decompressor: %+v, %+v", v.Connection, v.Flow)
		}
		want := Settings{
			GatewayURL: "ws://gateway.discord.gg/", Compression: NoCompression,
			LargeThreshold: 50, Presence: json.RawMessage(`{"status":"idle"}`), Properties: r.config.Properties,
			SendLimit: 120, MaxPayload: defaultMaxPayload, MaxWindow: 8 << 20,
		}
		if !reflect.DeepEqual(v.Settings, want) {
			t.Errorf("settings %+v\nwant %+v", v.Settings, want)
		}
		noSecrets(t, v)

		closed := make(chan session.Session)
		go func() {
			session, _ := s.Close(t.Context(), 0, "")
			closed <- session
		}()
		q.expect("close 4000")
		synctest.Wait()
		if v := s.View(); v.State != lifecycle.Closing || v.Next != lifecycle.HandshakeNone {
			t.Errorf("closing: %v", v)
		}
		q.raw(wiretest.Close(4000, ""))
		<-closed
		if v := s.View(); v.State != lifecycle.Stopped || v.Next != lifecycle.HandshakeNone || v.Opened != lifecycle.HandshakeNone || !strings.Contains(v.Cause, "the user closed") {
			t.Errorf("stopped: %v", v)
		}
		close(q.out)
		q.drop()
		r.end()
	})
}

// noSecrets holds every form of a view against what must not be in it.
func noSecrets(t *testing.T, v View) {
	t.Helper()
	var text bytes.Buffer
	slog.New(slog.NewTextHandler(&text, nil)).Info("x", "view", v)
	object, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	for _, form := range []string{v.String(), text.String(), string(object)} {
		if strings.Contains(form, testToken) || strings.Contains(form, "proxy-key") {
			t.Errorf("a secret is in %s", form)
		}
		if !strings.Contains(form, "abc") || !strings.Contains(form, "Ready") || !strings.Contains(form, "broken") {
			t.Errorf("says nothing: %s", form)
		}
	}
	if !strings.Contains(string(object), `"session":{"id":"abc","resume_url":`) || !strings.Contains(string(object), `"next":"resume"`) {
		t.Errorf("%s", object)
	}
}
