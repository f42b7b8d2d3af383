//go:build !plan9 && !aix

package fleet

import (
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/fleet/embedded"
)

// TestSlowNATS: a server that takes a connection and is too busy to speak is not given up: the next try may find it ready.
func TestSlowNATS(t *testing.T) {
	server, err := embedded.Start(embedded.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var passing sync.WaitGroup
	passing.Go(func() {
		for first := true; ; first = false {
			near, err := l.Accept()
			if err != nil {
				return
			}
			if first {
				passing.Go(func() { _, _ = io.Copy(io.Discard, near); near.Close() }) // and says nothing
				continue
			}
			far, err := net.Dial("tcp", server.Addr().String())
			if err != nil {
				near.Close()
				continue
			}
			passing.Go(func() { _, _ = io.Copy(far, near); far.Close() })
			passing.Go(func() { _, _ = io.Copy(near, far); near.Close() })
		}
	})
	defer passing.Wait()
	defer l.Close()
	config := Config{NATS: "nats://" + l.Addr().String(), Options: []nats.Option{nats.NoCallbacksAfterClientClose()}}
	conn, own, err := config.connect(t.Context(), slog.New(slog.DiscardHandler))
	if err != nil || !own {
		t.Fatalf("%v, %v", own, err)
	}
	conn.Close()
}
