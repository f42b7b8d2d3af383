#!/usr/bin/env bash
# Finding: github.com/bwmarrin/discordgo connects again, and resumes, after close code 4004.
#
# Version:  github.com/bwmarrin/discordgo v0.29.0, on the Go that is installed.
# Expected: Discord ("Gateway Close Event Codes") says of 4004, authentication failed, and of
#           4014, disallowed intents, that a client should not reconnect. So the library stops.
# Seen:     it dials again within seconds and sends a resume, as after 4000: a bot whose token
#           was reset goes on knocking.
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
	github.com/bwmarrin/discordgo v0.29.0
	github.com/gorilla/websocket v1.4.2
)
MOD
cat >main.go <<'GO'
package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"
)

// play serves a gateway that makes a session, closes it with a code, and returns the opcode
// by which the client comes back; 0 if it does not within ten seconds.
func play(code int) (opcode int) {
	came := make(chan int, 8)
	first := true
	var upgrader websocket.Upgrader
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	url := "ws" + strings.TrimPrefix(server.URL, "http")
	mux.HandleFunc("/gateway", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"url":%q}`, url+"/ws") })
	mux.HandleFunc("/ws/", func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`))
		for {
			_, text, err := conn.ReadMessage()
			if err != nil {
				return
			}
			var payload struct{ Op int }
			_ = json.Unmarshal(text, &payload)
			if payload.Op != 2 && payload.Op != 6 {
				continue
			}
			if !first {
				came <- payload.Op
				return
			}
			first = false
			_ = conn.WriteMessage(websocket.TextMessage, []byte(`{"t":"READY","s":1,"op":0,"d":{"v":9,"session_id":"abc","resume_gateway_url":"`+url+`/ws","user":{"id":"1"},"guilds":[]}}`))
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(code, "no"), time.Now().Add(time.Second))
		}
	})
	discordgo.EndpointGateway = server.URL + "/gateway"
	session, err := discordgo.New("Bot a.b.c")
	if err != nil {
		panic(err)
	}
	if err := session.Open(); err != nil {
		panic(err)
	}
	defer session.Close()
	select {
	case opcode = <-came:
	case <-time.After(10 * time.Second):
	}
	return opcode
}

func main() {
	for _, code := range []int{4000, 4004, 4014} {
		fmt.Printf("closed with %d: then came opcode %d\n", code, play(code))
	}
}
GO
cat >want <<'TEXT'
closed with 4000: then came opcode 6
closed with 4004: then came opcode 6
closed with 4014: then came opcode 6
TEXT
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee got
diff -u want got && echo "as described: github.com/bwmarrin/discordgo v0.29.0"
