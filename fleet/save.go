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

// storedEvery is how often a save waits for NATS to say that it has it, while sequences move: the next
// save makes up for one that is lost. The last one before they stand still is made again.
const storedEvery = 900 * time.Millisecond

// sequenceKeeper returns what saves the sequences of all shards in one message, while they move.
func (f *Fleet) sequenceKeeper() func(context.Context) {
	var specs []engine.ShardSpec
	var last, next []byte
	written, stored := time.Now(), time.Time{} // when last was sent, and when NATS last said that it has one
	return func(ctx context.Context) {
		specs = f.eng.Sessions(specs[:0])
		next = appendVector(next[:0], specs)
		since := time.Since(written)
		if bytes.Equal(next, last) && !stored.Before(written) && since < vectorTTL/2 || len(next) == 0 || since.Seconds() < float64(len(last))/savedBytes {
			return
		}
		if f.flush != nil && f.flush() != nil {
			return
		}
		key, now := "seq."+f.id, time.Now()
		if moves := !bytes.Equal(next, last); moves && now.Sub(stored) < storedEvery {
			if f.store.send(key, next, vectorTTL) == nil {
				last, next, written = next, last, now
			}
		} else if _, err := f.store.put(ctx, key, next, vectorTTL); err == nil {
			last, next, written, stored = next, last, now, now
		}
	}
}
