#!/usr/bin/env bash
# Finding: disgo's OpenShardManager returns nil though the gateway has refused every shard.
#
# Version:  github.com/disgoorg/disgo v0.19.3, on the Go that is installed.
# Expected: where the gateway ends every connection with 4014 (an intent that the bot may not have, which no
#           later attempt mends), OpenShardManager returns an error, as OpenGateway does of a bot with one shard.
# Seen:     OpenGateway returns an error, OpenShardManager nil, with no shard that is ready. The errors are only
#           written to the log, so a bot that goes by what is returned runs on without hearing of anything.
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
	github.com/disgoorg/disgo v0.19.3
	github.com/gorilla/websocket v1.5.3
)
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/disgo/sharding"
	"github.com/gorilla/websocket"
)

func main() {
	var upgrader websocket.Upgrader
	var ws string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "/gateway") {
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprintf(w, `{"url":%q,"shards":2,"session_start_limit":{"total":1000,"remaining":1000,"reset_after":0,"max_concurrency":2}}`, ws)
			return
		}
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
			if strings.Contains(string(text), `"op":2`) {
				// Disallowed intent(s).
				_ = conn.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4014, "Disallowed intent(s)."), time.Now().Add(time.Second))
			}
		}
	}))
	defer srv.Close()
	ws = "ws" + strings.TrimPrefix(srv.URL, "http")
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	token := "MTIzNDU2Nzg5MDEyMzQ1Njc4.x.y"
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	api := bot.WithRestClientConfigOpts(rest.WithURL(srv.URL))
	one, err := disgo.New(token, bot.WithLogger(quiet), api, bot.WithGatewayConfigOpts(gateway.WithURL(ws), gateway.WithCompression(gateway.CompressionNone)))
	if err != nil {
		panic(err)
	}
	fmt.Println("OpenGateway returned nil:     ", one.OpenGateway(ctx) == nil)
	many, err := disgo.New(token, bot.WithLogger(quiet), api, bot.WithShardManagerConfigOpts(
		sharding.WithShardIDs(0, 1), sharding.WithShardCount(2), sharding.WithGatewayConfigOpts(gateway.WithURL(ws), gateway.WithCompression(gateway.CompressionNone))))
	if err != nil {
		panic(err)
	}
	fmt.Println("OpenShardManager returned nil:", many.OpenShardManager(ctx) == nil)
	open := 0
	for shard := range many.ShardManager.Shards() {
		if shard.Status() == gateway.StatusReady {
			open++
		}
	}
	fmt.Println("shards that are ready:        ", open)
}
GO
cat >want <<'TEXT'
OpenGateway returned nil:      false
OpenShardManager returned nil: true
shards that are ready:         0
TEXT
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee got
diff -u want got && echo "as described: github.com/disgoorg/disgo v0.19.3"
