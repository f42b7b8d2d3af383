#!/usr/bin/env bash
# Finding: Go's TLS client cannot talk to a TLS 1.3 server that sends 17 session tickets.
#
# Versions: Go 1.26.8 and 1.27.4 (crypto/tls), OpenSSL's s_server as Debian has it
#           (3.0.x; the version is printed).
# Expected: RFC 8446, section 4.6.1, lets a server send as many NewSessionTicket messages
#           as it likes. A front end that is set to many tickets (s_server and others have
#           a number for it) costs some bytes, and the connection works.
# Seen:     with 16 tickets the first answer is read; with 17 the first Read fails with
#           "tls: too many non-advancing records". The limit counts records without data in a
#           row, tickets and KeyUpdates alike, and is no setting. openssl s_client reads on.
#
# Needs Go, a module proxy for the two toolchains, and openssl. Exits with 1 if the
# behaviour has changed.
set -euo pipefail
dir=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null; rm -rf "$dir"' EXIT
cd "$dir"
openssl version

cat >go.mod <<'MOD'
module finding

go 1.26
MOD
cat >main.go <<'GO'
package main

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"os"
	"strings"
)

// main sends a line to a server that sends it back reversed.
func main() {
	conn, err := tls.Dial("tcp", os.Args[1], &tls.Config{InsecureSkipVerify: true}) // a certificate of this minute
	if err != nil {
		fmt.Println("handshake:", err)
		return
	}
	defer conn.Close()
	fmt.Fprintln(conn, "hello")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		fmt.Println("read:", err)
		return
	}
	fmt.Println("answer:", strings.TrimSpace(line))
}
GO
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout key.pem -out cert.pem \
	-subj /CN=localhost -days 1 2>/dev/null
for version in go1.26.8 go1.27.4; do
	GOTOOLCHAIN=$version go build -o "client-$version" .
done

port=$((20000 + RANDOM % 20000))
for tickets in 16 17; do
	openssl s_server -accept "127.0.0.1:$port" -cert cert.pem -key key.pem -tls1_3 -rev -num_tickets "$tickets" >/dev/null 2>&1 &
	server=$!
	until (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		kill -0 "$server" # it could not listen
	done
	for version in go1.26.8 go1.27.4; do
		echo "$tickets tickets, $version: $("./client-$version" "127.0.0.1:$port")"
	done >>got
	echo "$tickets tickets, openssl s_client: answer: $( (echo hello; sleep 1) |
		openssl s_client -connect "127.0.0.1:$port" -quiet -no_ign_eof 2>/dev/null | head -n 1)" >>got
	kill "$server"
	wait "$server" 2>/dev/null || true
	server=
	port=$((port + 1))
done
cat got
cat >want <<'TEXT'
16 tickets, go1.26.8: answer: olleh
16 tickets, go1.27.4: answer: olleh
16 tickets, openssl s_client: answer: olleh
17 tickets, go1.26.8: read: tls: too many non-advancing records
17 tickets, go1.27.4: read: tls: too many non-advancing records
17 tickets, openssl s_client: answer: olleh
TEXT
diff -u want got && echo "as described: crypto/tls of Go 1.26.8 and 1.27.4"
