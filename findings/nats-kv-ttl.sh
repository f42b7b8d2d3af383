#!/usr/bin/env bash
# Finding: a key of a NATS bucket loses its TTL when it is updated, and a TTL loses its fraction of a second.
#
# Version:  github.com/nats-io/nats.go v1.55.0 with github.com/nats-io/nats-server/v2 v2.15.3.
# Expected: a key that was made with a TTL goes on to have one: an update renews it, or leaves its end as it
#           was. A TTL of 1.9 s ends after 1.9 s, or is refused.
# Seen:     behind an update the key never expires, so a lease that is renewed by Update outlives its
#           owner. A TTL of 1.9 s is sent as 1 s: such a lease ends before it is due to be renewed.
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
		panic(err)
	}
	return v
}

// lives returns for how many seconds a key is there, -1 for more than six.
func lives(kv jetstream.KeyValue, key string, since time.Time) float64 {
	for time.Since(since) < 6*time.Second {
		if _, err := kv.Get(context.Background(), key); errors.Is(err, jetstream.ErrKeyNotFound) {
			return time.Since(since).Seconds()
		}
		time.Sleep(20 * time.Millisecond)
	}
	return -1
}

func say(what string, seconds float64) {
	switch {
	case seconds < 0:
		fmt.Println(what, "is still there after 6 s")
	default:
		fmt.Printf("%s is gone after %.0f s\n", what, seconds)
	}
}

func main() {
	dir := must(os.MkdirTemp("", "nats"))
	defer os.RemoveAll(dir)
	s := must(server.NewServer(&server.Options{Port: -1, JetStream: true, StoreDir: dir, NoLog: true, NoSigs: true}))
	s.Start()
	defer s.Shutdown()
	if !s.ReadyForConnections(10 * time.Second) {
		panic("the server is not ready")
	}
	js := must(jetstream.New(must(nats.Connect(s.ClientURL()))))
	ctx := context.Background()
	kv := must(js.CreateKeyValue(ctx, jetstream.KeyValueConfig{Bucket: "leases", LimitMarkerTTL: time.Second}))

	begun := time.Now()
	must(kv.Create(ctx, "left", []byte("1"), jetstream.KeyTTL(3*time.Second)))
	say("a key with a TTL of 3 s", lives(kv, "left", begun))

	begun = time.Now()
	revision := must(kv.Create(ctx, "updated", []byte("1"), jetstream.KeyTTL(3*time.Second)))
	must(kv.Update(ctx, "updated", []byte("2"), revision))
	say("a key with a TTL of 3 s, updated at once,", lives(kv, "updated", begun))

	begun = time.Now()
	must(kv.Create(ctx, "fraction", []byte("1"), jetstream.KeyTTL(1900*time.Millisecond)))
	say("a key with a TTL of 1.9 s", lives(kv, "fraction", begun))
}
GO
cat >want <<'TEXT'
a key with a TTL of 3 s is gone after 3 s
a key with a TTL of 3 s, updated at once, is still there after 6 s
a key with a TTL of 1.9 s is gone after 1 s
TEXT
go mod tidy >/dev/null 2>&1
go run . 2>/dev/null | tee got
diff -u want got && echo "as described: nats.go v1.55.0, nats-server v2.15.3"
