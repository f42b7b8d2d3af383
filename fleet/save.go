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
		if bytes.Equal(next, last) && time.Since(written) < vectorTTL/2 || len(next) == 0 {
			continue
		}
		if _, err := f.store.put(ctx, "seq."+f.id, next, vectorTTL); err == nil {
			last, next, written = next, last, time.Now()
		}
	}
}
