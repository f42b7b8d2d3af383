package bridge

import (
	"time"

	"github.com/sluice-go/sluice/bridge/internal/eventlog"
	"github.com/sluice-go/sluice/bridge/internal/state"
	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// changing are the events that the state needs.
var changing = state.Events()

// eventNames are the names of all dispatches.
var eventNames = func() (names [128][]byte) {
	for t := range gateway.AllDispatches().All() {
		if t != gateway.EventUnknown {
			names[t] = []byte(t.String())
		}
	}
	return names
}()

// listen registers the engine's callbacks.
func (b *Bridge) listen() (remove func()) {
	set := gateway.AllDispatches().Union(gateway.Events(gateway.EventSessionLost, gateway.EventGuildsReady))
	on, after := b.config.Engine.On(set, b.event), b.config.Engine.AfterRead(b.read)
	return func() { on(); after() }
}

// read is called when all events of one read have been taken.
func (b *Bridge) read(up *engine.Shard) { b.of(up).writeDue() }

// event takes what Discord sent. It is the engine's callback: it copies and never waits for a bot.
func (b *Bridge) event(ev *engine.Event) {
	sh := b.of(ev.Shard)
	if !sh.follows(ev) {
		return
	}
	switch ev.Type {
	case gateway.EventReady:
		sh.readied(ev)
	case gateway.EventResumed:
		sh.mu.Lock()
		sh.restored = false
		sh.mu.Unlock()
	case gateway.EventGuildsReady:
		sh.mu.Lock()
		sh.complete = true
		sh.mu.Unlock()
		sh.invite()
	case gateway.EventSessionLost:
		sh.lost(ev)
	case gateway.EventGuildMembersChunk, gateway.EventRateLimited:
		if !sh.answer(ev) {
			sh.take(ev)
		}
	default:
		sh.take(ev)
	}
}

// follows reports whether an event goes on from what the shard has. It does not where the engine has resumed a session
// of which the bridge has no state, since whoever had it could not hand it over: bots would begin with guilds missing. So
// another session is begun. It is called by the shard's loop, which alone writes what it reads.
func (sh *shard) follows(ev *engine.Event) bool {
	switch {
	case ev.Type == gateway.EventReady, ev.Type == gateway.EventSessionLost, ev.Session == "":
		return true
	case ev.Session == sh.upstream && !(sh.handed && ev.Seq > sh.seq+1):
		sh.handed = sh.handed && ev.Seq == 0
		return true
	}
	if sh.stranger != ev.Session {
		sh.stranger = ev.Session
		sh.bridge.logger.Warn("this process has not what bots begin with on a shard that it goes on with: the shard begins a new session", "shard", sh.id)
	}
	ev.Shard.Renew()
	return false
}

// take adds an event to the state and to the log. Both happen under one lock, so that a session that begins
// has each event either in its guilds or behind them.
func (sh *shard) take(ev *engine.Event) {
	if ev.Seq == 0 { // bots would take for Discord's what nobody could resume behind
		sh.bridge.logger.Warn("a dispatch without a sequence, which Discord does not send, is not passed on", "shard", sh.id, "event", ev.Name())
		return
	}
	var failed error
	sh.mu.Lock()
	if ev.Seq <= sh.seq && ev.Session == sh.upstream {
		sh.mu.Unlock() // Discord sends it again: the last process was killed
		return
	}
	sh.seq = ev.Seq
	if changing.Has(ev.Type) {
		failed = sh.state.Apply(ev.Type, ev.Data)
	}
	if sh.wanted.Has(ev.Type) || sh.writesDown() && changing.Has(ev.Type) {
		e := eventlog.Event{Type: ev.Type, Seq: ev.Seq, Name: eventNames[ev.Type], Data: ev.Data}
		if e.Name == nil {
			e.Name = []byte(ev.Name())
		}
		if sh.bridge.shares {
			e.Owners = sh.ownersOf(ev.Type)
		}
		if len(e.Name) <= maxName {
			sh.append(ev.Received, &e)
		}
	}
	sh.mu.Unlock()
	if failed != nil {
		sh.bridge.logger.Warn("an event could not be applied to the state that bots begin with; what it changed may be missing there",
			"shard", sh.id, "event", ev.Name(), "cause", failed)
	}
}

// maxName is the longest name of an event that is passed on. Discord's have 42 bytes at most.
const maxName = 255

// readied takes READY: a session began at Discord. Sessions of bots that are of another one have lost events.
func (sh *shard) readied(ev *engine.Event) {
	sh.mu.Lock()
	other := sh.upstream != "" && sh.upstream != ev.Session
	sh.mu.Unlock()
	if other {
		sh.invalidate(false)
	}
	sh.mu.Lock()
	err := sh.state.Apply(ev.Type, ev.Data)
	sh.upstream, sh.seq, sh.ready, sh.complete, sh.anew = ev.Session, ev.Seq, err == nil, false, true
	sh.handed = false
	sh.mu.Unlock()
	if err != nil {
		sh.bridge.logger.Error("READY makes no sense, so that bots cannot begin on this shard", "shard", sh.id, "cause", err)
		return
	}
	sh.invite()
}

// lost takes the news that events of Discord's session are missing for ever. Where the session goes on, bots may
// begin anew at once; otherwise they wait for READY.
func (sh *shard) lost(ev *engine.Event) {
	detail, _ := ev.SessionLost()
	sh.mu.Lock()
	ready := sh.ready && detail.To != 0
	sh.mu.Unlock()
	if n := sh.invalidate(ready); n > 0 {
		sh.bridge.logger.Warn("events are lost: bots on this shard are told, and begin anew", "shard", sh.id,
			"bots", n, "first", detail.From, "last", detail.To)
	}
}

// addPrivate adds an event that is for one session alone.
func (sh *shard) addPrivate(now time.Time, t gateway.EventType, seq int64, data []byte, number uint32) {
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if seq != 0 {
		sh.seq = max(sh.seq, seq)
	}
	sh.owners = sh.owners[:0].Append(number)
	sh.append(now, &eventlog.Event{Type: t, Seq: seq, Private: true, Owners: sh.owners, Name: eventNames[t], Data: data})
}
