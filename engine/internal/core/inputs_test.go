package core

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/frame"
	"github.com/sluice-go/sluice/gateway"
)

// input is something that can happen to a shard. give makes it happen, and says
// what the user gets, if there is one.
type input struct {
	name    string
	give    func(r *trial) (said string)
	command bool // the user's, which may change what follows
}

func plain(name string, give func(r *trial)) input {
	return input{name: name, give: func(r *trial) string { give(r); return "" }}
}

func recv(name, payload string) input {
	return plain(name, func(r *trial) { r.recv(payload) })
}

func byUser(name string, give func(r *trial)) input {
	in := plain(name, give)
	in.command = true
	return in
}

// inputs is everything that can happen to a shard.
func inputs() []input {
	return slices.Concat(dispatches(), controls(), damages(), closes(), timers(), errands(), commands())
}

func dispatches() []input {
	event := func(seq string) string { return `{"t":"MESSAGE_CREATE","s":` + seq + `,"op":0,"d":{}}` }
	return []input{
		recv("op 0, the next event", event("2")),
		recv("op 0, of an unknown type", `{"t":"SOMETHING_NEW","s":2,"op":0,"d":{}}`),
		recv("op 0, not numbered", event("null")),
		recv("op 0, a repeat", event("1")),
		plain("op 0, repeats without end", func(r *trial) {
			for range maxRepeats + 1 {
				r.recv(event("1"))
			}
		}),
		recv("op 0, behind a gap", event("4")),
		recv("op 0, behind a gap that cannot be", event("9007199254740992")),
		recv("op 0, a guild of READY", `{"t":"GUILD_CREATE","s":2,"op":0,"d":{"id":"11"}}`),
		recv("READY", strings.Replace(testReady, "abc", "def", 1)),
		recv("READY of the session that is open", testReady),
		recv("READY without session_id", `{"t":"READY","s":1,"op":0,"d":{}}`),
		recv("READY with a sequence that cannot be", strings.Replace(testReady, `"s":1`, `"s":9007199254740992`, 1)),
		recv("RESUMED", `{"t":"RESUMED","s":2,"op":0,"d":{}}`),
		recv("RESUMED behind a gap", `{"t":"RESUMED","s":4,"op":0,"d":{}}`),
	}
}

func controls() []input {
	list := []input{
		recv("op 1", `{"op":1,"d":null}`),
		recv("op 11", testAck),
		recv("op 7", `{"op":7,"d":null}`),
		recv("op 9 true", `{"op":9,"d":true}`),
		recv("op 9 false", `{"op":9,"d":false}`),
		recv("op 9 without d", `{"op":9}`),
		recv("op 10", testHello),
		recv("op 10, interval 0", `{"op":10,"d":{"heartbeat_interval":0}}`),
	}
	for _, op := range []int{2, 3, 4, 6, 8, 31, 43, 12345} {
		list = append(list, recv(fmt.Sprintf("a client's or unknown op %d", op), fmt.Sprintf(`{"op":%d,"d":{}}`, op)))
	}
	return list
}

func damages() []input {
	frames := func(name string, b []byte) input { return plain(name, func(r *trial) { r.frames(slices.Clone(b)) }) }
	return []input{
		recv("no JSON", `{"op":`),
		recv("an envelope without op", `{"t":null,"s":null,"d":null}`),
		recv("text that is not UTF-8", "{\"op\":11,\"d\":\"\xff\"}"),
		frames("a payload over the limit", []byte{0x82, 127, 0, 0, 0, 1, 0, 0, 0, 0}),
		frames("reserved bits", []byte{0xf1, 0}),
		frames("part of a frame", []byte{0x81, 10, '{'}),
		frames("ping", frame.AppendServerFrame(nil, frame.OpPing, []byte("p"))),
		frames("pong", frame.AppendServerFrame(nil, frame.OpPong, nil)),
	}
}

func closes() []input {
	list := []input{plain("close without a code", func(r *trial) { r.peerClose(0, "") })}
	add := func(code uint16) {
		list = append(list, plain(fmt.Sprintf("close %d", code), func(r *trial) { r.peerClose(code, "why") }))
	}
	for _, code := range []uint16{1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000} {
		add(code)
	}
	for code := uint16(4000); code <= 4014; code++ {
		add(code)
	}
	add(4999)
	for _, code := range []uint16{999, 1004, 1005, 1006, 1015, 5000} {
		list = append(list, plain(fmt.Sprintf("forbidden close %d", code), func(r *trial) { r.peerClose(code, "") }))
	}
	return append(list, plain("close with a reason that is not UTF-8", func(r *trial) { r.peerClose(4000, "\xff") }))
}

func timers() []input {
	return []input{
		plain("the next timer", func(r *trial) {
			if !r.core.Next().IsZero() {
				r.timer()
			}
		}),
		plain("the state's deadline", func(r *trial) {
			if at := r.core.deadline; !at.IsZero() {
				r.now = at
				r.advance()
			}
		}),
		plain("a heartbeat that is due", func(r *trial) {
			if r.core.state.Connected() && r.core.state != lifecycle.AwaitingHello {
				r.now = r.core.heart.due()
				r.advance()
			}
		}),
		plain("a heartbeat that is due, the last one was not acknowledged", func(r *trial) {
			r.silence(true)
		}),
		plain("the same, and the socket has not been read", func(r *trial) {
			r.silence(false)
		}),
		plain("time has jumped", func(r *trial) { r.core.Probe(r.now); r.settle() }),
		plain("time has jumped, and nothing answers for 5 s", func(r *trial) {
			before := r.core.Next()
			if r.core.Probe(r.now); r.core.Next().Before(before) {
				r.settle()
				r.timer()
			}
		}),
		plain("the engine's watchdog beats", func(r *trial) {
			if r.core.heart.beat(r.core.heart.due()) {
				r.core.send(r.now, gateway.AppendHeartbeat(nil, r.core.session.Seq))
				r.settle()
			}
		}),
	}
}

// silence has the second heartbeat come due without an answer to the first. The
// deadline of the state is put off, so that the heartbeat alone decides.
func (r *trial) silence(drained bool) {
	if !r.core.state.Connected() || r.core.state == lifecycle.AwaitingHello {
		return
	}
	r.core.deadline = time.Time{}
	r.now = r.core.heart.due()
	r.advance()
	r.sent = nil
	r.now = r.core.heart.due()
	r.core.Advance(r.now, drained)
	r.settle()
}

func errands() []input {
	return []input{
		plain("the connection ends", func(r *trial) { r.fail(io.EOF) }),
		plain("the connection is reset, or the dial failed", func(r *trial) { r.fail(errReset) }),
		plain("connected", func(r *trial) {
			if r.core.state == lifecycle.Connecting { // an errand that was called off is discarded
				r.connect()
			}
		}),
		plain("a permit to identify", func(r *trial) { r.permit() }),
		plain("the identify queue fails", func(r *trial) {
			if r.core.state == lifecycle.Queued { // as above
				r.core.giveUp(r.now, errReset)
				r.settle()
			}
		}),
		plain("the identify budget is used up", func(r *trial) {
			if r.core.state == lifecycle.Queued { // as above
				r.core.giveUp(r.now, &identify.BudgetError{Until: r.now.Add(time.Hour)})
				r.settle()
			}
		}),
	}
}

func commands() []input {
	return []input{
		byUser("shutdown", func(r *trial) { r.core.Depart(r.now, Shutdown); r.settle() }),
		byUser("shutdown at once", func(r *trial) {
			r.core.Depart(r.now, Shutdown)
			if r.core.state == lifecycle.Closing {
				r.core.HangUp(r.now)
			}
			r.settle()
		}),
		byUser("the user closes with 4000", func(r *trial) { r.depart(4000) }),
		byUser("the user closes with 1000", func(r *trial) { r.depart(1000) }),
		byUser("the user abandons", func(r *trial) { r.core.Depart(r.now, Abandon); r.settle() }),
		byUser("the user restarts", func(r *trial) { r.core.Restart(r.now); r.settle() }),
		byUser("the user gives the session up", func(r *trial) { r.core.Renew(r.now); r.settle() }),
		{name: "Send", command: true, give: func(r *trial) string { return r.send }},
	}
}

// What Send does, as the states that are entered have it. That it does so is tested
// with the engine's own.
const (
	sendWrites = "the payload is written"
	sendWaits  = "Send waits"
	sendFails  = "engine: shard has stopped"
)
