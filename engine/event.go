package engine

import (
	"log/slog"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-go/sluice/engine/internal/guard"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
	"github.com/sluice-go/sluice/pool"
)

// Event is what a callback sees. It belongs to the shard's loop: the struct and
// its bytes are borrowed until the callback returns, and must not be written.
// [Event.Clone] makes a copy to keep.
type Event struct {
	// Shard is where the event came from; commands may be sent on it. It is nil
	// for an event made by [NewEvent].
	Shard *Shard

	// Type is the event's type, [gateway.EventUnknown] for a name that the
	// library does not know.
	Type gateway.EventType

	// Seq is the sequence, 0 for what is no dispatch.
	Seq int64

	// Session is the id of the session that the event belongs to, "" before READY. With Seq it
	// tells the event from every other of the bot's.
	Session string

	// Data is the raw JSON of d, nil where there is none. Borrowed.
	Data []byte

	// Payload is the whole JSON as the gateway sent it. Borrowed.
	Payload []byte

	// Received is when the last bytes of the payload were read.
	Received time.Time

	// Wire is how many bytes brought the payload: its WebSocket frames, compressed as they came,
	// before TLS. For [gateway.EventPayloadSent] it is the frame that was sent; 0 where nothing is known.
	Wire int

	// Replayed says that the event was missed before, and came with a resume.
	Replayed bool

	name   string       // of an unknown type
	detail any          // of a synthetic event
	buf    *pool.Buffer // of a clone
}

// NewEvent returns an event for testing a callback without a server. t is a name
// as Discord writes it, and data the raw JSON of d, which the event borrows.
func NewEvent(t string, data []byte) *Event {
	ev := &Event{Type: gateway.ParseEventType([]byte(t)), Data: data, Received: time.Now()}
	if ev.Type == gateway.EventUnknown {
		ev.name = t
	}
	return ev
}

// Name returns the event's name as Discord writes it. For a type that the library
// does not know it reads the payload at each call; like all methods but Release it
// changes nothing, so that several goroutines may call it.
func (ev *Event) Name() string {
	name := ev.name
	if ev.Type == gateway.EventUnknown && name == "" && len(ev.Payload) > 0 {
		if env, err := lazyjson.Peek(ev.Payload); err == nil {
			name = string(env.AppendType(nil, ev.Payload))
		}
	}
	if name != "" {
		return name
	}
	return ev.Type.String()
}

// GuildID returns the id of the guild that the event is about: d.guild_id, or
// d.id where d is the guild itself. It is 0 where there is none. It walks the
// data at each call.
func (ev *Event) GuildID() uint64 {
	d := lazyjson.ValueOf(ev.Data)
	key := "guild_id"
	switch ev.Type {
	case gateway.EventGuildCreate, gateway.EventGuildUpdate, gateway.EventGuildDelete:
		key = "id"
	}
	id, err := d.Get(key).Snowflake()
	if err != nil {
		return 0
	}
	return id
}

// Clone returns a copy that the caller owns, in a pooled buffer. Release gives
// the buffer back; a clone that is never released is collected as garbage.
func (ev *Event) Clone() *Event {
	c := new(Event)
	ev.cloneInto(c)
	return c
}

// cloneInto makes c a copy in a pooled buffer.
func (ev *Event) cloneInto(c *Event) {
	size := max(len(ev.Payload), len(ev.Data))
	if size == 0 {
		ev.copyInto(c, nil)
		return
	}
	buf := pool.Get(size)
	buf.B = ev.copyInto(c, buf.B)
	c.buf = buf
}

// copyInto makes c a copy whose bytes are appended to memory, which it returns.
func (ev *Event) copyInto(c *Event, memory []byte) []byte {
	*c = *ev
	c.name, c.buf = ev.Name(), nil
	if len(ev.Payload) == 0 {
		if len(ev.Data) > 0 {
			memory = append(memory, ev.Data...)
			c.Data = memory
		}
		return memory
	}
	memory = append(memory, ev.Payload...)
	c.Payload = memory
	// Discord writes d last: it then ends where the payload does but for a brace.
	end := len(memory) - 1
	if begin := end - len(ev.Data); len(ev.Data) > 0 && begin >= 0 && &ev.Payload[begin] == &ev.Data[0] {
		c.Data = memory[begin:end:end]
	} else if env, err := lazyjson.Peek(memory); err == nil { // as it was when it was delivered
		c.Data = env.Data(memory)
	}
	return memory
}

// Release gives back the buffer of a clone. Neither the event's bytes nor the
// event may be used after. It does nothing for an event that is no clone.
func (ev *Event) Release() {
	if ev.buf == nil {
		return
	}
	buf := ev.buf
	ev.buf, ev.Data, ev.Payload = nil, nil, nil
	buf.Release()
}

// Closed returns the details of a [gateway.EventClosed].
func (ev *Event) Closed() (lifecycle.Closed, bool) { return detailOf[lifecycle.Closed](ev) }

// StateChange returns the details of a [gateway.EventStateChanged].
func (ev *Event) StateChange() (lifecycle.StateChange, bool) {
	return detailOf[lifecycle.StateChange](ev)
}

// PayloadSent returns the details of a [gateway.EventPayloadSent], whose Payload is what was sent.
func (ev *Event) PayloadSent() (lifecycle.PayloadSent, bool) {
	return detailOf[lifecycle.PayloadSent](ev)
}

// SessionLost returns the details of a [gateway.EventSessionLost].
func (ev *Event) SessionLost() (lifecycle.SessionLost, bool) {
	return detailOf[lifecycle.SessionLost](ev)
}

// SessionBegan returns the details of a [gateway.EventSessionBegan].
func (ev *Event) SessionBegan() (lifecycle.SessionBegan, bool) {
	return detailOf[lifecycle.SessionBegan](ev)
}

// SessionResumed returns the details of a [gateway.EventSessionResumed].
func (ev *Event) SessionResumed() (lifecycle.SessionResumed, bool) {
	return detailOf[lifecycle.SessionResumed](ev)
}

// GuildsReady returns the details of a [gateway.EventGuildsReady].
func (ev *Event) GuildsReady() (lifecycle.GuildsReady, bool) {
	return detailOf[lifecycle.GuildsReady](ev)
}

// detailOf returns what a synthetic event tells, if that is a T.
func detailOf[T any](ev *Event) (T, bool) {
	if d, ok := ev.detail.(*T); ok {
		return *d, true
	}
	var none T
	return none, false
}

// handler is one callback with what it asked for.
type handler struct {
	events gateway.EventSet
	call   func(*Event)
}

// handlers is the list of callbacks. Reading it takes no lock: a change makes a
// new list.
type handlers struct {
	mu      sync.Mutex
	current atomic.Pointer[handlerList]

	onPanic func(ev *Event, value any)
	logger  *slog.Logger
	drain   func(ev *Event) // closes all shards before a panic on one ends the program
}

type handlerList struct {
	union gateway.EventSet
	all   []*handler
}

func (hs *handlers) add(h *handler) {
	hs.change(func(all []*handler) []*handler { return append(all, h) })
}

func (hs *handlers) remove(h *handler) {
	hs.change(func(all []*handler) []*handler {
		return slices.DeleteFunc(all, func(x *handler) bool { return x == h })
	})
}

func (hs *handlers) change(edit func([]*handler) []*handler) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	var all []*handler
	if old := hs.current.Load(); old != nil {
		all = slices.Clone(old.all)
	}
	list := &handlerList{all: edit(all)}
	for _, h := range list.all {
		list.union = list.union.Union(h.events)
	}
	hs.current.Store(list)
}

// wanting returns the callbacks, or nil if none asked for t. It is asked before
// any work is done for an event.
func (hs *handlers) wanting(t gateway.EventType) *handlerList {
	list := hs.current.Load()
	if list == nil || !list.union.Has(t) {
		return nil
	}
	return list
}

// deliver calls the callbacks that asked for ev's type, in the order in which
// they were registered.
func (hs *handlers) deliver(list *handlerList, ev *Event) {
	for _, h := range list.all {
		if h.events.Has(ev.Type) {
			hs.call(h, ev)
		}
	}
}

func (hs *handlers) call(h *handler, ev *Event) {
	returned := false
	defer func() {
		if returned {
			return
		}
		if hs.onPanic != nil {
			if value := recover(); value != nil {
				hs.recovered(ev, value)
				return
			}
		}
		hs.fatal(ev)
	}()
	h.call(ev)
	returned = true
}

// recovered calls OnPanic, which may panic itself.
func (hs *handlers) recovered(ev *Event, value any) {
	returned := false
	defer func() {
		if !returned {
			hs.fatal(ev)
		}
	}()
	hs.onPanic(ev, value)
	returned = true
}

// fatal runs while a callback's panic (or its runtime.Goexit, which is what
// testing.T.FailNow does) unwinds the loop. Nothing is recovered, so that the
// program dies with the callback's own stack, but no session dies with it.
func (hs *handlers) fatal(ev *Event) {
	shard := -1
	if ev.Shard != nil {
		shard = ev.Shard.ID()
	}
	name, stack := ev.Name(), string(debug.Stack())
	guard.Attempt(crashLogTime, func() {
		hs.logger.Error("a callback panicked; closing all shards so that their sessions can be resumed",
			"shard", shard, "event", name, "stack", stack)
	})
	hs.drain(ev)
}

// crashLogTime is how long a crash waits for the log, which may be what panicked.
const crashLogTime = time.Second
