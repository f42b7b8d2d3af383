package main

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

func TestDescribe(t *testing.T) {
	refused := func(shard int) error {
		return &lifecycle.StopError{Shard: shard, Code: gateway.CloseAuthenticationFailed, Err: errors.New("closed")}
	}
	tired := &lifecycle.StopError{Shard: 3, Err: fmt.Errorf("%w: %w", lifecycle.ErrRetries, errors.New("no route"))}
	denied := gateway.CloseAuthenticationFailed.String() + ": " +
		"Discord does not accept the token: copy it again, or reset it, on the Bot page of the application in the Developer Portal"
	var many []error
	for shard := range 20 {
		many = append(many, refused(19-shard))
	}
	tests := []struct {
		name string
		err  error
		want []string
	}{
		{"plain", errors.New("it rains"), []string{"it rains"}},
		{"package names", engine.ErrStarted, []string{"Run was called before; an Engine runs once, make a new one"}},
		{"a word that is also a package", fmt.Errorf("engine: lost: gateway: cannot reach the gateway: %w", engine.ErrStopped),
			[]string{"lost: cannot reach the gateway: shard has stopped"}},
		{"one shard", refused(0), []string{"shard 0 stopped: " + denied}},
		{"one shard, joined", errors.Join(refused(0)), []string{"shard 0 stopped: " + denied}},
		{"the same cause", errors.Join(refused(2), refused(1)), []string{"shards 1, 2 stopped: " + denied}},
		{"many shards", errors.Join(many...), []string{"shards 0, 1, 2, 3, 4, 5, 6, 7 and 12 more stopped: " + denied}},
		{"two causes and another error", errors.Join(errors.Join(refused(1), tired), errors.New("disk full")),
			[]string{"shard 1 stopped: " + denied, "shard 3 stopped: retries used up: no route", "disk full"}},
		{"marked", fail(errors.Join(fail(tired), nil)), []string{"shard 3 stopped: retries used up: no route"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := describe(tt.err); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
		})
	}
	if fail(nil) != nil {
		t.Error("no error became a failure")
	}
}
