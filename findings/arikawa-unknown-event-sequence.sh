#!/usr/bin/env bash
# Finding: github.com/diamondburned/arikawa/v3 forgets the sequence of an event that it does not know.
#
# Version:  github.com/diamondburned/arikawa/v3 v3.6.0, on the Go that is installed.
# Expected: a heartbeat and a resume carry the last sequence that came (Discord, "Sending
#           Heartbeats": "the last sequence number (s) your client has received"), also where the
#           event is one that Discord added after the library was made.
# Seen:     an event without a type of its own, such as VOICE_CHANNEL_STATUS_UPDATE, becomes an error
#           whose sequence is 0. Heartbeats and the resume go on with the sequence before it; who
#           counts sequences sees a gap where none is.
#
# Needs Go and a module proxy. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >go.mod <<'MOD'
module finding

go 1.26

require (
	github.com/diamondburned/arikawa/v3 v3.6.0
	github.com/gorilla/websocket v1.5.3
)
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/gorilla/websocket"
)

// play serves a session whose events are these, as sequences 2, 3 and so on, ends the connection, and
// returns the sequence with which the client resumes.
func play(events ...string) (seq int64) {
	resumed := make(chan int64, 8)
	first := true
	var upgrader websocket.Upgrader
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		send := func(text string) { _ = conn.WriteMessage(websocket.TextMessage, []byte(text)) }
		send(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`)
		for {
			_, text, err := conn.ReadMessage()
			if err != nil {
				return
			}
			var payload struct {
				Op int
				D  json.RawMessage
			}
			_ = json.Unmarshal(text, &payload)
			switch {
			case payload.Op == 6:
				var resume struct{ Seq int64 }
				_ = json.Unmarshal(payload.D, &resume)
				resumed <- resume.Seq
				return
			case payload.Op == 2 && first:
				first = false
				send(`{"t":"READY","s":1,"op":0,"d":{"v":10,"session_id":"abc","user":{"id":"1"},"guilds":[]}}`)
				for i, name := range events {
					send(fmt.Sprintf(`{"t":%q,"s":%d,"op":0,"d":{"id":"2","channel_id":"2","guild_id":"3"}}`, name, i+2))
				}
				time.Sleep(time.Second)
				_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4000, "again"), time.Now().Add(time.Second))
			}
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	client := gateway.NewCustom("ws"+strings.TrimPrefix(server.URL, "http"), "a.b.c")
	ops := client.Connect(ctx)
	go func() {
		for range ops {
		}
	}()
	select {
	case seq = <-resumed:
	case <-ctx.Done():
	}
	return seq
}

func main() {
	fmt.Println("TYPING_START last, sequence 3: resumes with", play("TYPING_START", "TYPING_START"))
	fmt.Println("VOICE_CHANNEL_STATUS_UPDATE last, sequence 3: resumes with", play("TYPING_START", "VOICE_CHANNEL_STATUS_UPDATE"))
}
GO
cat >want <<'TEXT'
TYPING_START last, sequence 3: resumes with 3
VOICE_CHANNEL_STATUS_UPDATE last, sequence 3: resumes with 2
TEXT
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee got
diff -u want got && echo "as described: github.com/diamondburned/arikawa/v3 v3.6.0"
