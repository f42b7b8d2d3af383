package fleet

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
)

// This file is the short way of shards that are handed over: who has written their records names them to
// their new owners, which then read those records alone, all at the same time. They need not follow everything
// that is new in the bucket, one answer after the other, while the shards are away. What is named proves nothing: the
// records do, and where a message is lost, they are found like any other.

// tellOwners tells the owners of records that have just been written which these are.
func (f *Fleet) tellOwners(written map[place]record) {
	keys := map[string][]string{} // by owner
	for at, r := range written {
		keys[r.Owner] = append(keys[r.Owner], at.key())
	}
	delete(keys, "")
	for owner, list := range keys {
		_ = f.conn.Publish(f.subjects+"given."+owner, encode(list))
	}
}

// named takes what another process names.
func (f *Fleet) named(m *nats.Msg) {
	var keys []string
	if json.Unmarshal(m.Data, &keys) != nil {
		return
	}
	var list []place
	for _, key := range keys {
		if at, ok := parsePlace(key); ok {
			list = append(list, at)
		}
	}
	select {
	case f.given <- list:
	default: // control finds them
	}
}

// takeNamed starts what is named and is this process's, until ctx ends. It waits for none of control's rounds.
func (f *Fleet) takeNamed(ctx context.Context) {
	for {
		select {
		case list := <-f.given:
			read := time.Now()
			f.readRecords(ctx, list)
			_ = f.takeGiven(slices.Values(list), read) // or control does
		case <-ctx.Done():
			return
		}
	}
}

// readRecords reads the records of some shards.
func (f *Fleet) readRecords(ctx context.Context, list []place) {
	wanted := map[place]bool{}
	f.mu.Lock()
	for _, at := range list {
		if f.mine[at] == nil && f.plan.has(at) {
			wanted[at] = true
		}
	}
	f.mu.Unlock()
	_ = each(wanted, func(at place, _ bool) error {
		e, err := f.store.get(ctx, at.key())
		if err != nil || e.value == nil {
			return err
		}
		r := parseRecord(e)
		f.mu.Lock()
		defer f.mu.Unlock()
		if f.records[at].rev < r.rev {
			f.records[at] = r
		}
		return nil
	})
}
