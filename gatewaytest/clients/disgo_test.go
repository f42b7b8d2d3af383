package clients

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/disgoorg/disgo/gateway"
)

// TestDisgo has all of its compressions, which are all that there are.
func TestDisgo(t *testing.T) {
	for _, compression := range []gateway.CompressionType{
		gateway.CompressionNone, gateway.CompressionZlibPayload, gateway.CompressionZlibStream, gateway.CompressionZstdStream,
	} {
		t.Run(compression.String(), func(t *testing.T) {
			t.Parallel() // it waits for a second before each connection
			srv := newServer(t)
			b := newBot()
			g := gateway.New(srv.Token(), func(_ gateway.Gateway, _ gateway.EventType, _ int, ev gateway.EventData) {
				if m, ok := ev.(gateway.EventMessageCreate); ok {
					b.messages <- m.ID.String()
				}
			},
				gateway.WithURL(srv.URL()),
				gateway.WithDialer(dialer(srv)),
				gateway.WithCompression(compression),
				gateway.WithLogger(slog.New(slog.DiscardHandler)),
			)
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			if err := g.Open(ctx); err != nil {
				t.Fatal(err)
			}
			defer g.Close(context.Background())
			scenario(t, srv, b)
		})
	}
}
