package engine

import (
	"context"

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
