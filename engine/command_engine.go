package engine

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/sluice-go/sluice/gateway"
)

// ShardOf returns the shard that has a guild ([gateway.ShardID]). ok is false
// where that is none of the engine's.
func (e *Engine) ShardOf(guildID uint64) (s *Shard, ok bool) {
	total, id := 0, 0
	for s := range e.Shards() {
		if s.total != total {
			total, id = s.total, gateway.ShardID(guildID, s.total)
		}
		if s.id == id {
			return s, true
		}
	}
	return nil, false
}

// shardOf returns the shard that has a guild, or why a command about it is not
// sent.
func (e *Engine) shardOf(guildID uint64, op gateway.Opcode) (*Shard, error) {
	if s, ok := e.ShardOf(guildID); ok {
		return s, nil
	}
	return nil, &SendError{Shard: -1, Op: op, Err: ErrNoShard}
}

// UpdatePresence is [Shard.UpdatePresence] on every shard that the engine has, at
// the same time. It joins their errors. In a callback, shards that are not ready, or
// have used up their send limit, do not get it: each of their errors holds
// [ErrInCallback]. To set what all have from the start, use [Config.Presence].
func (e *Engine) UpdatePresence(ctx context.Context, p *gateway.Presence) error {
	shards := slices.Collect(e.Shards())
	errs := make([]error, len(shards))
	inside := inCallback() // this goroutine tells, and not those that follow
	var all sync.WaitGroup
	for i, s := range shards {
		all.Go(func() { errs[i] = s.updatePresence(ctx, p, inside) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// UpdateVoiceState is [Shard.UpdateVoiceState] on the shard that has the guild;
// where that is none of the engine's, the error is [ErrNoShard].
func (e *Engine) UpdateVoiceState(ctx context.Context, v *gateway.VoiceState) error {
	s, err := e.shardOf(v.GuildID, gateway.OpVoiceStateUpdate)
	if err != nil {
		return err
	}
	return s.UpdateVoiceState(ctx, v)
}

// RequestMembers is [Shard.RequestMembers] on the shard that has the guild; where
// that is none of the engine's, the error is [ErrNoShard].
func (e *Engine) RequestMembers(ctx context.Context, r *gateway.MembersRequest) iter.Seq2[MembersChunk, error] {
	s, err := e.shardOf(r.GuildID, gateway.OpRequestGuildMembers)
	if err != nil {
		return func(yield func(MembersChunk, error) bool) { yield(MembersChunk{}, err) }
	}
	return s.RequestMembers(ctx, r)
}

// RequestChannelInfo is [Shard.RequestChannelInfo] on the shard that has the
// guild; where that is none of the engine's, the error is [ErrNoShard].
func (e *Engine) RequestChannelInfo(ctx context.Context, guildID uint64, fields gateway.ChannelFields) (ChannelInfo, error) {
	s, err := e.shardOf(guildID, gateway.OpRequestChannelInfo)
	if err != nil {
		return ChannelInfo{}, err
	}
	return s.RequestChannelInfo(ctx, guildID, fields)
}
