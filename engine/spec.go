package engine

import (
	"context"
	"fmt"

	"github.com/sluice-go/sluice/engine/internal/core"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gateway"
)

// ShardSpec names one shard, with the session that it has or is to go on with:
// [Engine.Detach] and [Engine.Sessions] return what [Engine.Attach] of another engine takes.
type ShardSpec struct {
	ID    int // of the shard
	Total int // that the bot's guilds are spread over

	// Session is one to resume. One that cannot be resumed, as it has no ID or no Seq,
	// counts as none: the shard takes what Config.PerShard or Config.Sessions have, or
	// identifies.
	Session session.Session
}

// String returns "ID/TOTAL".
func (s ShardSpec) String() string { return fmt.Sprintf("%d/%d", s.ID, s.Total) }

// Attach adds shards one by one and connects them, as [Engine.AddShards] does for a range;
// either all are added or none. They may be of several totals. They are returned in the
// order of the list.
func (e *Engine) Attach(list []ShardSpec) ([]*Shard, error) {
	named := make(map[place]struct{}, len(list))
	for _, s := range list {
		if s.ID < 0 || s.ID >= s.Total || s.Total > gateway.MaxShards {
			return nil, fmt.Errorf("engine: %v is no shard to add: 0 ≤ ID < Total ≤ %d", s, gateway.MaxShards)
		}
		if _, twice := named[s.place()]; twice {
			return nil, fmt.Errorf("%w: %v is named twice", ErrShardExists, s)
		}
		named[s.place()] = struct{}{}
	}
	return e.add(list, false)
}

// Detach closes shards with code 4000, so that the gateway keeps their sessions, and returns
// these when the shards are closed and callbacks made by [Async] have taken what is queued:
// another engine or process goes on with them, and nothing is lost or comes twice. All
// are closed at the same time. Run goes on, also without shards.
//
// When ctx ends before, or where a shard had stopped for a cause of its own, the error
// says so, and the list has the others. In a callback it returns [ErrInCallback], and they
// close nevertheless.
func (e *Engine) Detach(ctx context.Context, shards ...*Shard) ([]ShardSpec, error) {
	d, err := core.NewDeparture(0, "")
	if err != nil {
		return nil, err
	}
	for _, s := range shards {
		s.leave(d)
	}
	var list []ShardSpec
	for _, s := range shards {
		if why := s.gone(ctx); why != nil {
			err = why
			continue
		}
		list = append(list, s.spec())
	}
	return list, err
}

// Sessions appends the sessions of all shards, of every total, to dst and returns it: each
// is settled (see [Shard.Settled]). Shards without one that can be resumed are left out.
func (e *Engine) Sessions(dst []ShardSpec) []ShardSpec {
	for s := range e.Shards() {
		if spec := s.spec(); spec.Session.Keepable() {
			dst = append(dst, spec)
		}
	}
	return dst
}

// spec returns the shard with its settled session.
func (s *Shard) spec() ShardSpec { return ShardSpec{ID: s.id, Total: s.total, Session: s.Settled()} }

// place tells a shard from every other.
type place struct{ id, total int }

func (s ShardSpec) place() place { return place{s.ID, s.Total} }

// list returns each shard of a range, which must be resolved.
func (s Shards) list() []ShardSpec {
	list := make([]ShardSpec, s.Count)
	for i := range list {
		list[i] = ShardSpec{ID: s.First + i, Total: s.Total}
	}
	return list
}
