package fleet

import (
	"bytes"
	"context"
	"time"

	"github.com/sluice-go/sluice/engine"
)

// vectorTTL is for how long saved sequences outlive their process: far longer than a takeover
// takes, and than the gateway keeps a session.
const vectorTTL = 10 * time.Minute

// savedBytes is how many bytes of sequences a process saves in a second at most: where it runs
// thousands of shards, they are saved less often than Config.SaveEvery.
const savedBytes = 200_000

// keepSequences saves the sequences of all shards in one message, while they move.
func (f *Fleet) keepSequences(ctx context.Context) {
	tick := time.NewTicker(f.config.SaveEvery)
	defer tick.Stop()
	var specs []engine.ShardSpec
	var last, next []byte
	written := time.Now()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		specs = f.eng.Sessions(specs[:0])
		next = appendVector(next[:0], specs)
		since := time.Since(written)
		if bytes.Equal(next, last) && since < vectorTTL/2 || len(next) == 0 || since.Seconds() < float64(len(last))/savedBytes {
			continue
		}
		if _, err := f.store.put(ctx, "seq."+f.id, next, vectorTTL); err == nil {
			last, next, written = next, last, time.Now()
		}
	}
}
