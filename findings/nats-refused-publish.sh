#!/usr/bin/env bash
# Finding: a publish that NATS refuses for want of permission never ends in nats.go.
#
# Version:  github.com/nats-io/nats.go v1.55.0 with github.com/nats-io/nats-server/v2 v2.15.3.
# Expected: jetstream.Publish returns an error that is nats.ErrPermissionViolation, as the server says so
#           at once; the future of PublishAsync has that error, and PublishAsyncComplete closes.
# Seen:     only the connection's error handler hears of it. Publish returns "context deadline exceeded"
#           after 5 s. The future gets neither an acknowledgement nor an error, and what waits for
#           PublishAsyncComplete waits for ever.
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
	github.com/nats-io/nats-server/v2 v2.15.3
	github.com/nats-io/nats.go v1.55.0
)
MOD
cat >main.go <<'GO'
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func must[T any](v T, err error) T {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return v
}

// seconds is how long the longest wait of this program is.
const seconds = 12

func main() {
	reader := server.Permissions{Publish: &server.SubjectPermission{Deny: []string{"ev"}}}
	s := must(server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: "store", NoLog: true, NoSigs: true,
		Users: []*server.User{{Username: "owner", Password: "o"}, {Username: "reader", Password: "r", Permissions: &reader}}}))
	s.Start()
	defer s.Shutdown()

	ctx := context.Background()
	owner := must(jetstream.New(must(nats.Connect(s.ClientURL(), nats.UserInfo("owner", "o")))))
	must(owner.CreateStream(ctx, jetstream.StreamConfig{Name: "EV", Subjects: []string{"ev"}}))

	refusals := make(chan error, 2)
	js := must(jetstream.New(must(nats.Connect(s.ClientURL(), nats.UserInfo("reader", "r"),
		nats.ErrorHandler(func(_ *nats.Conn, _ *nats.Subscription, err error) { refusals <- err })))))

	begun := time.Now()
	_, err := js.Publish(ctx, "ev", []byte("x"))
	fmt.Printf("Publish: %v, a permission violation: %v, after %.0f s\n", err, errors.Is(err, nats.ErrPermissionViolation), time.Since(begun).Seconds())
	fmt.Println("the handler:", errors.Is(<-refusals, nats.ErrPermissionViolation))

	future := must(js.PublishAsync("ev", []byte("x")))
	fmt.Println("the handler:", errors.Is(<-refusals, nats.ErrPermissionViolation))
	timeout := time.After(seconds * time.Second)
	select {
	case err := <-future.Err():
		fmt.Println("PublishAsync:", err)
	case <-js.PublishAsyncComplete():
		fmt.Println("PublishAsyncComplete is closed")
	case <-timeout:
		fmt.Printf("PublishAsync: nothing within %d s; pending: %d\n", seconds, js.PublishAsyncPending())
	}
}
GO
cat >want <<'TEXT'
Publish: context deadline exceeded, a permission violation: false, after 5 s
the handler: true
the handler: true
PublishAsync: nothing within 12 s; pending: 1
TEXT
export GOWORK=off GOFLAGS=-mod=mod
go mod tidy >/dev/null 2>&1
go run . | tee got
diff -u want got && echo "as described: nats.go v1.55.0, nats-server v2.15.3"
