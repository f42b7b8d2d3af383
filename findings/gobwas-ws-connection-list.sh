#!/usr/bin/env bash
# Finding: github.com/gobwas/ws refuses an upgrade whose Connection header is a list.
#
# Version:  github.com/gobwas/ws v1.5.0, on the Go that is installed.
# Expected: RFC 9110, section 7.6.1, makes Connection a list of options, and RFC 6455,
#           section 4.1, asks a client to look for the token "Upgrade" in it. So an answer
#           with "Connection: keep-alive, Upgrade", as proxies write it, is accepted.
# Seen:     ws.Dialer compares the whole value with "Upgrade" and returns
#           ErrHandshakeBadConnection. Its own server half takes the same list from a client.
#
# Needs Go and a module proxy. Exits with 1 if the behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

cat >go.mod <<'MOD'
module finding

go 1.26

require github.com/gobwas/ws v1.5.0
MOD
cat >main.go <<'GO'
package main

import (
	"bufio"
	"context"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"net/textproto"
	"strings"

	"github.com/gobwas/ws"
)

// answer plays the server: it accepts the upgrade, with a Connection header of its own.
func answer(conn net.Conn, connection string) {
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	sum := sha1.Sum([]byte(req.Header.Get("Sec-Websocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: %s\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		connection, base64.StdEncoding.EncodeToString(sum[:]))
}

// dial plays the client.
func dial(connection string) error {
	near, far := net.Pipe()
	defer far.Close()
	go answer(far, connection)
	d := ws.Dialer{NetDial: func(context.Context, string, string) (net.Conn, error) { return near, nil }}
	conn, _, _, err := d.Dial(context.Background(), "ws://example.test/")
	if err == nil {
		conn.Close()
	}
	return err
}

// serve has the library's server half take a request with such a header.
func serve(connection string) error {
	near, far := net.Pipe()
	defer near.Close()
	go func() {
		fmt.Fprintf(near, "GET / HTTP/1.1\r\nHost: example.test\r\nUpgrade: websocket\r\nConnection: %s\r\n"+
			"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n", connection, base64.StdEncoding.EncodeToString(make([]byte, 16)))
		_, _ = textproto.NewReader(bufio.NewReader(near)).ReadMIMEHeader()
	}()
	_, err := ws.Upgrade(far)
	return err
}

func main() {
	for _, connection := range []string{"Upgrade", "keep-alive, Upgrade"} {
		fmt.Printf("answer with %q: %s\n", connection, say(dial(connection)))
	}
	fmt.Printf("request with %q: %s\n", "keep-alive, Upgrade", say(serve("keep-alive, Upgrade")))
}

func say(err error) string {
	if err == nil {
		return "accepted"
	}
	return strings.TrimSpace(err.Error())
}
GO
cat >want <<'TEXT'
answer with "Upgrade": accepted
answer with "keep-alive, Upgrade": handshake error: bad "Connection" header
request with "keep-alive, Upgrade": accepted
TEXT
go mod tidy >/dev/null 2>&1
go run . | tee got
diff -u want got && echo "as described: github.com/gobwas/ws v1.5.0"
