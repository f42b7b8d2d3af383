package sluicedisgo

import (
	"context"

	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/gateway"
	"github.com/disgoorg/json/v2"
)

// Send implements [gateway.Gateway]. It waits within ctx for the shard to be ready and for
// Discord's send limit; heartbeats keep their part of that. Where ctx can never end, a
// shard that is not ready is an error at once, [discord.ErrShardNotReady], as with
// disgo's own gateway. The error is an [*engine.SendError] otherwise, and says whether the
// payload may have been sent.
//
// A presence is remembered: the shard's later identifies carry it.
//
// [*engine.SendError]: https://pkg.go.dev/github.com/sluice-go/sluice/engine#SendError
func (g *Gateway) Send(ctx context.Context, op gateway.Opcode, data gateway.MessageData) error {
	s := g.shard()
	if s == nil {
		return discord.ErrShardNotConnected
	}
	if ctx.Done() == nil && g.Status() != gateway.StatusReady {
		return discord.ErrShardNotReady
	}
	payload, err := json.Marshal(gateway.Message{Op: op, D: data})
	if err != nil {
		return err
	}
	if err := s.Send(ctx, payload); err != nil {
		return err
	}
	switch p := data.(type) {
	case gateway.MessageDataPresenceUpdate:
		g.keep(p)
	case *gateway.MessageDataPresenceUpdate:
		g.keep(*p)
	}
	return nil
}

// keep notes a presence that was sent.
func (g *Gateway) keep(p gateway.MessageDataPresenceUpdate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.presence = &p
}
