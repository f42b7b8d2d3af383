package clients

import (
	"context"
	"testing"

	"github.com/diamondburned/arikawa/v3/gateway"
	"github.com/diamondburned/arikawa/v3/utils/ws"
)

// TestArikawa has its one compression, payload, and none.
func TestArikawa(t *testing.T) {
	for name, compress := range map[string]bool{"payload": true, "none": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel() // it dials once in 5 s
			srv := newServer(t)
			id := gateway.DefaultIdentifier("Bot " + srv.Token())
			id.Compress = compress
			id.AddIntents(gateway.IntentGuilds | gateway.IntentGuildMessages)
			conn := ws.NewConnWithDialer(ws.NewCodec(gateway.OpUnmarshalers), *dialer(srv))
			socket := ws.NewCustomWebsocket(conn, gateway.AddGatewayParams(srv.URL()))
			g := gateway.FromWebsocketGateway(ws.NewGateway(socket, &gateway.DefaultGatewayOpts), gateway.State{Identifier: id})

			b := newBot()
			b.reidentifies = true
			ctx, cancel := context.WithCancel(context.Background())
			ops := g.Connect(ctx)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				for op := range ops {
					if m, ok := op.Data.(*gateway.MessageCreateEvent); ok {
						b.messages <- m.ID.String()
					}
				}
			}()
			defer func() { cancel(); <-ended }()
			scenario(t, srv, b)
		})
	}
}
