package engine_test

import (
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// lines is a log that several goroutines write.
type lines struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// How TLS records are read shows in View and Stats, and once in the log, with the
// reason where they are not lent.
func TestTLSReadingIsShown(t *testing.T) {
	bothDrivers(t, func(t *testing.T, driver engine.Driver) {
		for _, encrypted := range []bool{true, false} {
			const shards = 3
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(encrypted), gatewaytest.WithShards(shards), gatewaytest.WithMaxConcurrency(shards))
			log := &lines{}
			eng, err := engine.New(engine.Config{Token: engine.NewToken(srv.Token()), GatewayURL: srv.URL(), TLS: srv.TLSConfig(), Driver: driver,
				Shards: engine.Shards{Total: shards}, Intents: gateway.IntentsUnprivileged, IdentifyQueue: identify.Unlimited{},
				Logger: slog.New(slog.NewTextHandler(log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			ended := make(chan error, 1)
			go func() { ended <- eng.Run(t.Context()) }()
			eventually(t, "READY", func() bool { n := eng.Stats(); return n.Identifies == shards && n.NotReady == 0 })
			stats, told := eng.Stats(), strings.Count(log.String(), "TLS records are")
			for s := range eng.Shards() {
				v := s.View()
				switch {
				case !encrypted:
					if v.TLS != engine.TLSNone || v.TLSWhy != "" || stats.TLSLent+stats.TLSPlain+told != 0 {
						t.Errorf("without TLS: %v, %q, %+v, told %d times", v.TLS, v.TLSWhy, stats, told)
					}
				case v.TLS == engine.TLSLent:
					if driver == engine.PortableDriver || v.TLSWhy != "" || stats.TLSLent != shards || stats.TLSPlain != 0 || told != 1 {
						t.Errorf("lent: %q, %+v, told %d times", v.TLSWhy, stats, told)
					}
				default:
					if v.TLS != engine.TLSPlain || v.TLSWhy == "" || stats.TLSPlain != shards || stats.TLSLent != 0 || told != 1 ||
						!strings.Contains(v.String(), v.TLSWhy) || !strings.Contains(log.String(), v.TLSWhy) {
						t.Errorf("plain: %v, %+v, told %d times", v, stats, told)
					}
				}
			}
			if err := eng.Shutdown(t.Context()); err != nil {
				t.Error(err)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			if stats := eng.Stats(); stats.TLSLent+stats.TLSPlain != 0 {
				t.Errorf("connections are counted when there are none: %+v", stats)
			}
		}
	})
}
