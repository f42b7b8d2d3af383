package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/lifecycle"
)

// Admin looks at a fleet and gives it orders, from a process that is not part of it.
type Admin struct {
	conn     *nats.Conn
	store    *store
	subjects string
}

// Open returns an Admin for the fleet of the bot with a token, over a connection that stays the
// caller's. It changes nothing; where there is no fleet the methods say so.
func Open(ctx context.Context, conn *nats.Conn, token engine.Token) (*Admin, error) {
	hash := token.Hash()
	st, err := newStore(conn, "sluice_"+hash[:16], 1, metadataOf(hash))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	stream, err := st.js.Stream(ctx, st.name)
	if err != nil {
		return nil, fmt.Errorf("fleet: there is no fleet of this bot at %s: %w", conn.ConnectedUrlRedacted(), err)
	}
	if err := st.check(stream.CachedInfo().Config.Metadata); err != nil {
		return nil, err
	}
	st.stream.Store(&stream)
	return &Admin{conn: conn, store: st, subjects: "sluice." + hash[:16] + "."}, nil
}

// Status is what a fleet looks like.
type Status struct {
	Total int          `json:"total"`           // of shards
	Next  int          `json:"next,omitempty"`  // while it is being resharded
	Phase string       `json:"phase,omitempty"` // "both" or "cut", likewise
	Nodes []NodeStatus `json:"nodes"`           // by name
	Free  []string     `json:"free,omitempty"`  // shards that nobody runs, as "ID/TOTAL"
}

// NodeStatus is what a process looks like.
type NodeStatus struct {
	Name        string `json:"name"`
	Incarnation string `json:"incarnation"`
	Capacity    int    `json:"capacity"`
	Draining    bool   `json:"draining,omitempty"`
	Answers     bool   `json:"answers"`
	Shards      int    `json:"shards"`        // that records say are its own
	IDs         string `json:"ids,omitempty"` // which of Status.Total these are, such as "0-3,7"
	Running     int    `json:"running"`
	Ready       int    `json:"ready"`
	Events      uint64 `json:"events"`
}

// Status reads how the fleet stands.
func (a *Admin) Status(ctx context.Context) (Status, error) {
	p, err := readPlanOf(ctx, a.store)
	if err == errNoKey {
		return Status{}, errors.New("fleet: nobody has joined it yet")
	}
	if err != nil {
		return Status{}, err
	}
	members, records, err := a.read(ctx)
	if err != nil {
		return Status{}, err
	}
	s := Status{Total: p.Total, Next: p.Next, Phase: p.Phase}
	counts, ids := map[string]int{}, map[string][]int{}
	for at, r := range records {
		if p.has(at) {
			counts[r.Owner]++
		}
		if at.total == p.Total {
			ids[r.Owner] = append(ids[r.Owner], at.id)
		}
	}
	for _, m := range members {
		n := NodeStatus{Name: m.Name, Incarnation: m.Incarnation, Capacity: m.Capacity, Draining: m.Draining, Shards: counts[m.Incarnation], IDs: ranges(ids[m.Incarnation])}
		var answer answer
		if a.request(ctx, m.Incarnation, order{Do: "status"}, &answer) == nil {
			n.Answers, n.Running, n.Ready, n.Events = true, answer.Running, answer.Ready, answer.Events
		}
		s.Nodes = append(s.Nodes, n)
	}
	slices.SortFunc(s.Nodes, func(a, b NodeStatus) int { return strings.Compare(a.Name+a.Incarnation, b.Name+b.Incarnation) })
	for _, at := range free(&p, members, records) {
		s.Free = append(s.Free, at.String())
	}
	return s, nil
}

// ranges writes numbers as people read them: "0-3,7".
func ranges(ids []int) string {
	slices.Sort(ids)
	var b strings.Builder
	for i := 0; i < len(ids); i++ {
		if i > 0 {
			b.WriteByte(',')
		}
		first := ids[i]
		for i+1 < len(ids) && ids[i+1] == ids[i]+1 {
			i++
		}
		b.WriteString(strconv.Itoa(first))
		if ids[i] > first {
			b.WriteString("-" + strconv.Itoa(ids[i]))
		}
	}
	return b.String()
}

// Leader returns the name of the NATS server that leads the bucket; "" where one server alone
// has it, or none leads.
func (a *Admin) Leader(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	info, err := (*a.store.stream.Load()).Info(ctx)
	if err != nil {
		return "", a.store.explain(err)
	}
	if info.Cluster == nil {
		return "", nil
	}
	return info.Cluster.Leader, nil
}

// read reads members and records.
func (a *Admin) read(ctx context.Context) (map[string]member, map[place]record, error) {
	members, records := map[string]member{}, map[place]record{}
	_, err := a.store.changes(ctx, "node.*", 0, func(e entry) {
		var m member
		if e.value != nil && json.Unmarshal(e.value, &m) == nil {
			members[m.Incarnation] = m
		}
	})
	if err == nil {
		_, err = a.store.changes(ctx, "shard.>", 0, func(e entry) {
			if at, ok := parsePlace(e.key); ok && e.value != nil {
				records[at] = parseRecord(e)
			}
		})
	}
	return members, records, err
}

// Drain has a process, by its name, hand its shards to the others and end.
func (a *Admin) Drain(ctx context.Context, name string) error {
	m, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	return a.request(ctx, m.Incarnation, order{Do: "drain"}, &answer{})
}

// Move hands one shard to a process, by its name. Once the processes' loads differ, they may
// be evened out again.
func (a *Admin) Move(ctx context.Context, shard int, name string) error {
	to, err := a.find(ctx, name)
	if err != nil {
		return err
	}
	p, err := readPlanOf(ctx, a.store)
	if err != nil {
		return err
	}
	if shard < 0 || shard >= p.Total {
		return fmt.Errorf("fleet: there is no shard %d; there are 0 to %d", shard, p.Total-1)
	}
	at := place{p.Total, shard}
	e, err := a.store.get(ctx, at.key())
	if err != nil {
		return fmt.Errorf("fleet: shard %v: %w", at, err)
	}
	r := parseRecord(e)
	return a.request(ctx, r.Owner, order{Do: "move", Shard: at.id, Total: at.total, To: to.Incarnation}, &answer{})
}

// Reshard changes the number of shards: see [Fleet.Reshard].
func (a *Admin) Reshard(ctx context.Context, total int) error { return writePlan(ctx, a.store, total) }

// Events calls f with what the fleet's processes tell, until ctx ends. What is told while
// nobody listens is not kept.
func (a *Admin) Events(ctx context.Context, f func(Happening)) error {
	sub, err := a.conn.Subscribe(a.subjects+"event", func(m *nats.Msg) {
		var h Happening
		if json.Unmarshal(m.Data, &h) == nil {
			f(h)
		}
	})
	if err != nil {
		return fmt.Errorf("fleet: %w", err)
	}
	<-ctx.Done()
	return sub.Drain()
}

// find returns the process with a name, or an incarnation.
func (a *Admin) find(ctx context.Context, name string) (member, error) {
	members, _, err := a.read(ctx)
	if err != nil {
		return member{}, err
	}
	var names, same []string
	for _, m := range members {
		if m.Incarnation == name {
			return m, nil
		}
		if m.Name == name {
			same = append(same, m.Incarnation)
		}
		names = append(names, m.Name)
	}
	slices.Sort(names)
	switch len(same) {
	case 0:
	case 1:
		return members[same[0]], nil
	default:
		slices.Sort(same)
		return member{}, fmt.Errorf("fleet: %d processes have the name %q; choose one by its incarnation: %s", len(same), name, strings.Join(same, ", "))
	}
	return member{}, fmt.Errorf("fleet: there is no process %q; there are: %s", name, strings.Join(names, ", "))
}

// order is what an Admin asks of a process, and answer what that answers.
type order struct {
	Do    string `json:"do"`
	Shard int    `json:"shard,omitempty"`
	Total int    `json:"total,omitempty"`
	To    string `json:"to,omitempty"` // an incarnation
}

type answer struct {
	Err     string `json:"err,omitempty"`
	Running int    `json:"running"`
	Ready   int    `json:"ready"`
	Events  uint64 `json:"events"`
}

func (a *Admin) request(ctx context.Context, incarnation string, o order, into *answer) error {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	m, err := a.conn.RequestWithContext(ctx, a.subjects+"ctl."+incarnation, encode(o))
	if err != nil {
		return fmt.Errorf("fleet: the process does not answer: %w", err)
	}
	if err := json.Unmarshal(m.Data, into); err != nil {
		return fmt.Errorf("fleet: the process's answer makes no sense: %w", err)
	}
	if into.Err != "" {
		return errors.New(into.Err)
	}
	return nil
}

// command carries an order out.
func (f *Fleet) command(m *nats.Msg) {
	var o order
	var a answer
	switch err := json.Unmarshal(m.Data, &o); {
	case err != nil:
		a.Err = "fleet: the order makes no sense"
	case o.Do == "status":
		a.Events = f.eng.Stats().Events
		for s := range f.eng.Shards() {
			a.Running++
			if s.State() == lifecycle.Ready {
				a.Ready++
			}
		}
	case o.Do == "drain":
		f.once.Do(func() { close(f.leave) })
	case o.Do == "move":
		at := place{o.Total, o.Shard}
		f.mu.Lock()
		_, here := f.mine[at]
		_, there := f.members[o.To]
		if here && there && o.To != f.id {
			f.moves[at] = o.To
		} else if o.To != f.id {
			a.Err = fmt.Sprintf("fleet: shard %v is not run by %s, or the other process is gone", at, f.config.Name)
		}
		f.mu.Unlock()
		f.look()
	default:
		a.Err = fmt.Sprintf("fleet: %q is no order that this version knows", o.Do)
	}
	_ = m.Respond(encode(a))
}

// Members returns the names of the processes that this one knows of, its own included.
func (f *Fleet) Members() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var names []string
	for m := range maps.Values(f.members) {
		names = append(names, m.Name)
	}
	slices.Sort(names)
	return names
}

// Settled reports whether every shard of the fleet has an owner that lives, as this process
// sees it.
func (f *Fleet) Settled() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.plan.Total > 0 && len(free(&f.plan, f.members, f.records)) == 0
}
