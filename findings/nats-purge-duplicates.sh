#!/usr/bin/env bash
# Finding: a NATS stream that was purged acknowledges what it held as duplicates, and stores nothing.
#
# Version:  github.com/nats-io/nats.go v1.55.0 with github.com/nats-io/nats-server/v2 v2.15.3.
# Expected: who purges a stream, or deletes a message, can publish the same again: the stream stores it,
#           because nothing in it is a duplicate.
# Seen:     within the window for duplicates the publish succeeds, as a duplicate of a sequence that is
#           gone, and the stream stays empty. A server that was restarted in between has forgotten the
#           message id, and stores it.
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
	"fmt"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

func check(err error) {
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// serve runs f beside a server that keeps its streams in the working directory.
func serve(f func(ctx context.Context, js jetstream.JetStream)) {
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: -1, JetStream: true, StoreDir: "store", NoLog: true, NoSigs: true})
	check(err)
	s.Start()
	nc, err := nats.Connect(s.ClientURL())
	check(err)
	js, err := jetstream.New(nc)
	check(err)
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	f(ctx, js)
	nc.Close()
	s.Shutdown()
	s.WaitForShutdown()
}

// publish sends a message under an id, and says what became of it.
func publish(ctx context.Context, js jetstream.JetStream, what, id string) {
	ack, err := js.Publish(ctx, "ev", []byte("x"), jetstream.WithMsgID(id))
	check(err)
	stream, err := js.Stream(ctx, "EV")
	check(err)
	info, err := stream.Info(ctx)
	check(err)
	fmt.Printf("%s: duplicate %v; messages %d\n", what, ack.Duplicate, info.State.Msgs)
}

func main() {
	serve(func(ctx context.Context, js jetstream.JetStream) {
		stream, err := js.CreateStream(ctx, jetstream.StreamConfig{Name: "EV", Subjects: []string{"ev"}, Duplicates: time.Minute})
		check(err)
		publish(ctx, js, "first", "one")
		check(stream.Purge(ctx))
		publish(ctx, js, "after a purge", "one")
		publish(ctx, js, "another", "two")
		check(stream.DeleteMsg(ctx, 2))
		publish(ctx, js, "after its deletion", "two")
	})
	serve(func(ctx context.Context, js jetstream.JetStream) {
		publish(ctx, js, "after a restart", "one")
	})
}
GO
cat >want <<'TEXT'
first: duplicate false; messages 1
after a purge: duplicate true; messages 0
another: duplicate false; messages 1
after its deletion: duplicate true; messages 0
after a restart: duplicate false; messages 1
TEXT
export GOWORK=off GOFLAGS=-mod=mod
go mod tidy >/dev/null 2>&1
go run . | tee got
diff -u want got && echo "as described: nats-server v2.15.3"
