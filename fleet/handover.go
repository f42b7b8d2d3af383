package fleet

import (
	"context"
	"sync"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
)

// Handover is what goes to a shard's next owner beside its session, such as the bots of a bridge. What [Fleet.HandOver]
// registered makes one for each shard that is to leave.
type Handover interface {
	// Finish is called when the shard has closed, with the session that its next owner goes on with. That one learns of
	// the shard when Finish has returned.
	Finish(ctx context.Context, s session.Session)

	// Left is called when it may have learned of it.
	Left()

	// Stayed is called in the place of both where the shard has not closed in time. It is tried again later.
	Stayed()
}

// HandOver has begin called with each shard that is to go to another process, while the shard still runs, and with that
// one's [Config.Address]: "" where it has none, or where nobody takes the shard. The shard is closed when begin has
// returned. A process that is killed hands nothing over. Call it before Run.
func (f *Fleet) HandOver(begin func(ctx context.Context, s *engine.Shard, address string) Handover) {
	f.handover = begin
}

// BeforeAttach has prepare called with shards that this process takes up, and their sessions, before they run. Call it before Run.
func (f *Fleet) BeforeAttach(prepare func([]engine.ShardSpec)) { f.prepare = prepare }

// BeforeSave has flush called before sequences are saved, with what they were before the call: for programs that keep beside a
// session what its events brought, so that whoever resumes it lacks nothing. After an error nothing is saved, and more comes
// twice if the process is killed. Call it before Run.
func (f *Fleet) BeforeSave(flush func() error) { f.flush = flush }

// beginHandovers begins to hand shards over, to incarnations.
func (f *Fleet) beginHandovers(ctx context.Context, shards map[place]*holding, to map[place]string) map[place]Handover {
	limit, cancel := context.WithTimeout(ctx, beginTime)
	defer cancel()
	var mu sync.Mutex
	begun := make(map[place]Handover, len(shards))
	_ = each(shards, func(at place, h *holding) error {
		var one Handover = nothing{}
		if f.handover != nil {
			f.mu.Lock()
			address := f.members[to[at]].Address
			f.mu.Unlock()
			one = f.handover(limit, h.shard, address)
		}
		mu.Lock()
		defer mu.Unlock()
		begun[at] = one
		return nil
	})
	return begun
}

// nothing is what goes along where nothing is registered.
type nothing struct{}

func (nothing) Finish(context.Context, session.Session) {}
func (nothing) Left()                                   {}
func (nothing) Stayed()                                 {}
