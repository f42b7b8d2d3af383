package fleet

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
)

// This file is how processes know of each other: by a key with a lease, and faster by core
// NATS, where a subject of each process has a subscriber for as long as it is there.

const (
	// presenceEvery is how often the others are asked for, and absentAfter how many times in
	// a row nobody must be there until a process counts as gone: a server that restarts has
	// its clients reconnect within some hundred milliseconds.
	presenceEvery = 250 * time.Millisecond
	absentAfter   = 3

	// renewEvery is how often a process writes its key, at least, and silentFor for how long it
	// must not have: that nobody answers may also be because two servers of a cluster have lost
	// each other, or do not know yet who listens where.
	renewEvery = 500 * time.Millisecond
	silentFor  = 1200 * time.Millisecond

	// calm is for how long after this process has reconnected nobody counts as gone: the
	// others may not have yet.
	calm = 3 * time.Second
)

// self is this process's member. mu is held.
func (f *Fleet) self() member {
	return member{Incarnation: f.id, Name: f.config.Name, Capacity: f.config.Capacity, Starting: !f.started, Draining: f.drain, Replaces: f.config.Replaces, Address: f.config.Address}
}

// renew writes this process's key, whose TTL is the lease.
func (f *Fleet) renew(ctx context.Context) error {
	f.mu.Lock()
	self := f.self()
	f.mu.Unlock()
	_, err := f.store.put(ctx, "node."+f.id, encode(self), f.config.Lease)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.renewedAt) > 3*renewEvery {
		f.wellSince = time.Now()
	}
	f.renewedAt = time.Now()
	return nil
}

// leaseKeeper returns what renews the key. That it fails stops nothing: the records say whose shards
// are.
func (f *Fleet) leaseKeeper() func(context.Context) {
	renewed, told := time.Now(), false
	return func(ctx context.Context) {
		switch err := f.renew(ctx); {
		case err == nil && told:
			f.log.Info("this process's key in the fleet's bucket can be written again")
			fallthrough
		case err == nil:
			renewed, told = time.Now(), false
		case !told && ctx.Err() == nil && time.Since(renewed) >= f.config.Lease:
			f.log.Warn("this process's key in the fleet's bucket cannot be written; its shards go on, but no shard can change hands", "cause", err)
			told = true
		}
	}
}

// noteNamesakes warns, once, where another process that answers has the same name. mu is held.
func (f *Fleet) noteNamesakes() {
	for id, m := range f.members {
		if id != f.id && m.Name == f.config.Name && !m.Draining && f.config.Replaces != m.Name && f.livesLocked(id) && !f.namesake {
			f.namesake = true
			f.log.Warn("another process of the fleet has the same name: orders by name, and Config.Replaces, cannot tell them apart; give each a Config.Name of its own", "incarnation", id)
		}
	}
}

// subscribe answers for this process.
func (f *Fleet) subscribe() error {
	for subject, handle := range map[string]nats.MsgHandler{
		"ping." + f.id: func(m *nats.Msg) { _ = m.Respond(nil) },
		"roll":         func(m *nats.Msg) { _ = m.Respond([]byte(f.id)) },
		"hint":         func(*nats.Msg) { f.look() },
		"ctl." + f.id:  f.command,

		"given." + f.id: f.named,
	} {
		if _, err := f.conn.Subscribe(f.subjects+subject, handle); err != nil {
			return fmt.Errorf("fleet: cannot subscribe to %s%s: %w", f.subjects, subject, err)
		}
	}
	f.pings = pings{f.conn.NewInbox() + ".", map[string]bool{}}
	if _, err := f.conn.Subscribe(f.pings.inbox+"*", f.pinged); err != nil {
		return fmt.Errorf("fleet: cannot subscribe to answers: %w", err)
	}
	return nil
}

// hint has every process look at the bucket now.
func (f *Fleet) hint() { _ = f.conn.Publish(f.subjects+"hint", nil) }

// anybody reports whether another process of the fleet answers.
func (f *Fleet) anybody() bool {
	_, err := f.conn.Request(f.subjects+"roll", nil, 300*time.Millisecond)
	return err == nil
}

// pings is where answers to the pings of one process come.
type pings struct {
	inbox    string // with a dot at the end
	answered map[string]bool
}

// ping asks for each other process, all at once, and waits for nothing. NATS itself answers at once
// where nobody is subscribed. That counts as evidence only together with a read of the bucket, which round
// does before it draws a conclusion: where the server that led the stream went with the
// process, there is no conclusion before another leads.
func (f *Fleet) ping(context.Context) {
	if !f.calmed() {
		f.mu.Lock()
		clear(f.suspects)
		f.mu.Unlock()
		return
	}
	for _, id := range f.others() {
		_ = f.conn.PublishRequest(f.subjects+"ping."+id, f.pings.inbox+id, nil)
	}
}

// pinged takes an answer. It is called by one goroutine.
func (f *Fleet) pinged(m *nats.Msg) {
	id := strings.TrimPrefix(m.Subject, f.pings.inbox)
	nobody := len(m.Data) == 0 && m.Header.Get("Status") == "503"
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case !nobody:
		f.pings.answered[id] = true
		f.answered[id] = time.Now()
		delete(f.suspects, id)
	case f.pings.answered[id]: // else it has just come, or its server is not known here
		f.suspects[id]++
		f.look() // from the first time on: what matters is since when its key has stayed the same
	}
}

// calmed reports whether this process has been connected to NATS for so long that the others must have
// been heard of, if they are there.
func (f *Fleet) calmed() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if now := f.conn.Stats().Reconnects; now != f.reconnects || !f.conn.IsConnected() {
		f.reconnects, f.reconnected = now, time.Now()
	}
	return time.Since(f.reconnected) >= calm
}

// absentLocked reports whether a process is gone although its lease may still run: nobody answers
// in its name, and it no longer writes its key. mu is held.
func (f *Fleet) absentLocked(id string) bool {
	return f.suspects[id] >= absentAfter && time.Since(f.renewed[id].seen) >= silentFor
}

// livesLocked reports whether a process whose lease has run out is there all the same: it answered
// just now. The store may have been what kept it from renewing. mu is held.
func (f *Fleet) livesLocked(id string) bool {
	at, ever := f.answered[id]
	return ever && time.Since(at) < 4*presenceEvery
}

// lapsedLocked reports whether a process whose lease has run out is gone. It is not if it answers; nor as
// long as this process has been no better off, unless nobody answers in its name: the store, or NATS as a
// whole, may have kept all from renewing. mu is held.
func (f *Fleet) lapsedLocked(id string) bool {
	if f.livesLocked(id) {
		return false
	}
	well := time.Since(f.renewedAt) < silentFor && time.Since(f.wellSince) >= silentFor
	return well || f.suspects[id] >= absentAfter
}

// renewal is when a process's key was first seen with a revision.
type renewal struct {
	rev  uint64
	seen time.Time
}

// others returns the other members, and those that are suspected.
func (f *Fleet) others() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []string
	for id := range f.members {
		if id != f.id {
			list = append(list, id)
		}
	}
	for id := range f.suspects {
		if !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	return list
}

// Happening is what a process of the fleet tells to whoever listens: see [Admin.Events].
type Happening struct {
	Node   string `json:"node"`            // the Name of the process
	What   string `json:"what"`            // "claimed", "handed over", "abandoned", "joined" …
	Shard  string `json:"shard,omitempty"` // "ID/TOTAL", where it is about one
	Count  int    `json:"count,omitempty"` // of shards, where it is about several
	Detail string `json:"detail,omitempty"`
}

// tell tells whoever listens. at is the zero value for no shard.
func (f *Fleet) tell(what string, at place, detail string) {
	h := Happening{Node: f.config.Name, What: what, Detail: detail}
	if at != (place{}) {
		h.Shard = at.String()
	}
	f.publish(h)
}

func (f *Fleet) tellMany(what string, shards map[place]record) {
	f.publish(Happening{Node: f.config.Name, What: what, Count: len(shards)})
}

func (f *Fleet) publish(h Happening) {
	b, err := json.Marshal(h)
	if err == nil {
		_ = f.conn.Publish(f.subjects+"event", b)
	}
}
