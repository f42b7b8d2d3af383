#!/usr/bin/env bash
# Finding: github.com/diamondburned/arikawa/v3 resumes at the gateway's first address, not at READY's.
#
# Version:  github.com/diamondburned/arikawa/v3 v3.6.0, on the Go that is installed.
# Expected: after a connection has ended the client resumes at the resume_gateway_url of READY, as Discord
#           asks for under "Resuming", since connections to another address are dropped more often.
# Seen:     its ReadyEvent has no field for that address, and the resume goes to the address of the
#           identify.
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

type came struct {
	at string
	op int
}

// serve answers an identify with a READY that names another address, and ends the connection.
func serve(at string, other *string, met chan<- came) *httptest.Server {
	var upgrader websocket.Upgrader
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		hello := `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`
		_ = conn.WriteMessage(websocket.TextMessage, []byte(hello))
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
			met <- came{at, payload.Op}
			if payload.Op == 6 {
				return
			}
			_ = conn.WriteMessage(websocket.TextMessage, []byte(fmt.Sprintf(
				`{"t":"READY","s":1,"op":0,"d":{"v":10,"session_id":"abc","resume_gateway_url":%q,"user":{"id":"1"},"guilds":[]}}`, *other)))
			time.Sleep(time.Second)
			_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4000, "again"), time.Now().Add(time.Second))
		}
	}))
}

func main() {
	met, address := make(chan came, 8), ""
	first, second := serve("first", &address, met), serve("resume_gateway_url", &address, met)
	defer first.Close()
	defer second.Close()
	address = "ws" + strings.TrimPrefix(second.URL, "http")
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	ops := gateway.NewCustom("ws"+strings.TrimPrefix(first.URL, "http"), "a.b.c").Connect(ctx)
	go func() {
		for range ops {
		}
	}()
	for range 2 {
		select {
		case c := <-met:
			fmt.Printf("opcode %d came to the address %s\n", c.op, c.at)
		case <-ctx.Done():
			fmt.Println("nothing came")
		}
	}
}
GO
cat >want <<'TEXT'
opcode 2 came to the address first
opcode 6 came to the address first
TEXT
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee got
diff -u want got && echo "as described: github.com/diamondburned/arikawa/v3 v3.6.0"
