package monitor

import (
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

const (
	// watchBuffer is how many happenings may wait for the monitor.
	watchBuffer = 4096

	// batchEvery is how often the stream tells of happenings. A person sees no difference,
	// and in a storm there are thousands in each.
	batchEvery = 100 * time.Millisecond

	// maxBatch is how many of them are told in full; states are told for all.
	maxBatch = 100

	// tickEvery is how often the engine is looked at.
	tickEvery = time.Second
)

// batch is what is to be told next.
type batch struct {
	happenings []lifecycle.Happening // the first maxBatch
	more       int                   // that are left out
	states     map[shardKey]lifecycle.State
	incidents  bool // they changed
}

// follow takes what happens, and looks at the engine every second, until Close.
func (m *Monitor) follow() {
	tick := time.NewTicker(tickEvery)
	defer tick.Stop()
	flush := time.NewTicker(batchEvery)
	defer flush.Stop()
	next := batch{states: make(map[shardKey]lifecycle.State)}
	dropped := uint64(0)
	for {
		select {
		case h := <-m.watch.C:
			m.take(&h, &next)
		case <-flush.C:
			m.send(&next)
		case <-tick.C:
			m.look(time.Now())
			if n := m.watch.Dropped(); n != dropped {
				dropped = n
				m.catchUp(&next)
			}
			if m.stream.listened() {
				m.stream.send("tick", m.summary())
			}
		case <-m.done:
			return
		}
	}
}

// take takes one happening.
func (m *Monitor) take(h *lifecycle.Happening, next *batch) {
	m.mu.Lock()
	changed := m.incidents.take(h)
	m.mu.Unlock()
	next.incidents = next.incidents || changed
	if h.Kind == lifecycle.HappenedState {
		next.states[shardKey{h.Shard, h.Total}] = h.To
	}
	if len(next.happenings) < maxBatch {
		next.happenings = append(next.happenings, *h)
	} else {
		next.more++
	}
}

// look takes a sample.
func (m *Monitor) look(now time.Time) {
	s := m.sample(now)
	shards := 0
	for _, n := range s.overview.States {
		shards += n
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.last, m.ticked = s, now
	m.history.add(&s, s.overview.States[lifecycle.Ready], shards)
}

// catchUp learns how shards stand after happenings were left out.
func (m *Monitor) catchUp(next *batch) {
	states := make(map[shardKey]lifecycle.State)
	for s := range m.engine.Shards() {
		states[shardKey{s.ID(), s.Total()}] = s.State()
	}
	m.mu.Lock()
	m.incidents.reconcile(time.Now(), states)
	m.mu.Unlock()
	next.states, next.incidents = states, true
}

// send tells the stream what has happened since it was last called.
func (m *Monitor) send(next *batch) {
	if m.stream.listened() {
		if len(next.states) > 0 {
			m.stream.send("states", stateList(next.states))
		}
		if len(next.happenings) > 0 {
			m.stream.send("happenings", struct {
				List []lifecycle.Happening `json:"list"`
				More int                   `json:"more"`
			}{next.happenings, next.more})
		}
		if next.incidents {
			m.stream.send("incidents", m.incidentList())
		}
	}
	clear(next.states)
	next.happenings, next.more, next.incidents = next.happenings[:0], 0, false
}

// stateList returns [id, total, state] for each.
func stateList(states map[shardKey]lifecycle.State) [][3]int {
	list := make([][3]int, 0, len(states))
	for key, state := range states {
		list = append(list, [3]int{key.id, key.total, int(state)})
	}
	return list
}

// shownIncidents is how many incidents the page shows.
const shownIncidents = 30

func (m *Monitor) incidentList() []incidentView {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.incidents.view(time.Now())
	return list[:min(len(list), shownIncidents)]
}
