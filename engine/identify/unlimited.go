package identify

import "context"

// Unlimited is an [Queue] that never waits. It is for a bot behind a
// proxy that identifies in its place, whose shards share the proxy's sessions: with
// it no budget is counted either. Against Discord itself it costs the token.
type Unlimited struct{}

// Acquire implements [Queue].
func (Unlimited) Acquire(ctx context.Context, _ int) (Permit, error) {
	return unlimitedPermit{}, ctx.Err()
}

type unlimitedPermit struct{}

// Sent implements [Permit].
func (unlimitedPermit) Sent() {}

// Release implements [Permit].
func (unlimitedPermit) Release() {}
