package engine_test

import (
	"context"
	"errors"
	"log"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
)

// Two processes share a bot's shards by a table of a database: the one that the table names
// may dial.
func ExampleGate() {
	var owner func(ctx context.Context, shard, total int) (process string, err error) // asks the table
	const self = "process-1"

	var gate engine.Gate = func(ctx context.Context, s *engine.Shard, opens lifecycle.Handshake) error {
		now, err := owner(ctx, s.ID(), s.Total())
		if err == nil && now != self {
			err = errors.New("it is run by " + now)
		}
		return err // the shard waits without a connection, and asks again
	}
	_ = engine.Config{StartEmpty: true, Gate: gate}
}

// A process that may be suspended, and whose shards others then take, delivers nothing when it
// wakes up, until it knows which are still its own.
func ExampleEngine_HoldFrom() {
	var eng *engine.Engine            // that runs
	var ours func(*engine.Shard) bool // asks a database
	ctx := context.Background()
	tick := time.NewTicker(time.Second / 2)

	last := time.Now()
	for now := range tick.C {
		if now.Sub(last) > 2*time.Second {
			for s := range eng.Shards() {
				if !ours(s) {
					_, _ = s.Abandon(ctx)
				}
			}
		}
		last = time.Now()
		eng.HoldFrom(last.Add(2 * time.Second))
	}
}

// An event counts as delivered when a broker has it, so that nothing is lost where the process
// is killed before.
func ExampleEvent_Postpone() {
	var eng *engine.Engine                                             // that runs
	var publish func(subject string, data []byte, acknowledged func()) // copies data

	eng.On(gateway.AllDispatches(), func(ev *engine.Event) {
		receipt := ev.Postpone()
		publish(ev.Name(), ev.Data, receipt.Settle)
	})
}

// Shards go from one engine to another, with their sessions: nothing is lost, nothing comes
// twice, and no identify is spent.
func ExampleEngine_Detach() {
	var from, to *engine.Engine // that run; the second with StartEmpty

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	specs, err := from.Detach(ctx, from.Shard(3), from.Shard(4))
	if err != nil {
		log.Print(err) // specs has the others
	}
	<-to.Accepting()
	if _, err := to.Attach(specs); err != nil {
		log.Print(err)
	}
}
