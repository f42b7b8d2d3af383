package engine

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/sluice-go/sluice/engine/internal/link"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/pool"
)

// UpdatePresence sets the bot's presence on the shard. It waits within ctx as
// [Shard.Send] does, and in a callback as little. Setting a presence twice does no harm, so where the
// connection is lost during the write, it is sent again on the next.
//
// The presence that was sent last is remembered: the shard's later identifies
// carry it in place of Config.Presence, so that it outlives the session. One too
// large to fit into an identify is not.
//
// The error is a [*SendError], as Send's.
func (s *Shard) UpdatePresence(ctx context.Context, p *gateway.Presence) error {
	return s.updatePresence(ctx, p, false)
}

func (s *Shard) updatePresence(ctx context.Context, p *gateway.Presence, inCallback bool) error {
	cmd := link.Command{Op: gateway.OpPresenceUpdate, Repeat: true, InCallback: inCallback}
	alone, err := gateway.AppendPresence(nil, p)
	if err != nil {
		return s.sendError(cmd.Op, err)
	}
	cmd.Sent = func() { s.presence.Store(&alone) }
	return s.sendError(cmd.Op, s.build(ctx, &cmd, func(dst []byte) ([]byte, error) {
		return gateway.AppendPresenceUpdate(dst, p)
	}))
}

// UpdateVoiceState joins, moves between or leaves voice channels of a guild that
// is on this shard (see [Engine.ShardOf]). It waits within ctx as [Shard.Send]
// does, in a callback as little, and like it never sends twice. The gateway answers
// with events.
//
// The error is a [*SendError], as Send's.
func (s *Shard) UpdateVoiceState(ctx context.Context, v *gateway.VoiceState) error {
	cmd := link.Command{Op: gateway.OpVoiceStateUpdate}
	return s.sendError(cmd.Op, s.build(ctx, &cmd, func(dst []byte) ([]byte, error) {
		return gateway.AppendVoiceStateUpdate(dst, v)
	}))
}

// build sends a command with a payload that is built in a pooled buffer.
func (s *Shard) build(ctx context.Context, cmd *link.Command, appendTo func(dst []byte) ([]byte, error)) (err error) {
	buf := pool.Get(0)
	defer buf.Release()
	if buf.B, err = appendTo(buf.B); err != nil {
		return err
	}
	cmd.Payload = buf.B
	return s.send(ctx, cmd)
}

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
