package engine

import (
	"context"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Gate decides whether a shard may dial: see [Config.Gate].
type Gate func(ctx context.Context, s *Shard, opens lifecycle.Handshake) error

// gateWait is about how long a shard that the gate refused waits until it asks again.
const gateWait = 2 * time.Second

// gateError says that the gate keeps a shard from dialling. That is no failure of the
// shard's.
type gateError struct{ err error }

// Error implements error.
func (e *gateError) Error() string {
	return "Config.Gate does not let the shard dial: " + e.err.Error()
}

// Unwrap returns what the gate said.
func (e *gateError) Unwrap() error { return e.err }

// ShortFor has the core try again without counting a failure.
func (e *gateError) ShortFor() time.Duration { return gateWait }

// opens returns how the shard's next connection opens its session.
func (s *Shard) opens() lifecycle.Handshake {
	if s.core.Session().ID == "" {
		return lifecycle.HandshakeIdentify
	}
	return lifecycle.HandshakeResume
}

// dial connects to a URL, once the gate has let the shard pass.
func (s *Shard) dial(url string) {
	crew := func(_ context.Context, job func()) { s.engine.gateway.Go(job) }
	work := func(ctx context.Context, e *errand) {
		e.conn, e.head, e.err = s.engine.gateway.Dial(ctx, url)
	}
	gate := s.engine.config.Gate
	if gate == nil {
		s.dialling = s.start(crew, work)
		return
	}
	opens := s.opens()
	var refused error
	s.dialling = s.start(func(ctx context.Context, job func()) {
		// The gate may wait for long: it takes none of the places that dials share.
		s.engine.work(func() {
			if refused = gate(ctx, s, opens); refused != nil {
				job()
				return
			}
			crew(ctx, job)
		})
	}, func(ctx context.Context, e *errand) {
		if refused != nil {
			e.err = &gateError{refused}
			return
		}
		work(ctx, e)
	})
}
