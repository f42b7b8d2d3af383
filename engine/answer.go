package engine

import (
	"sync"
	"time"

	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
	"github.com/sluice-go/sluice/pool"
)

// This file is how events find the requests that they answer: the loop's side of them.
// request.go is the callers' side.

const (
	// maxUnread is how many bytes of one answer may wait for their caller: neither
	// a gateway that sends without end nor a caller that is slow may cost more.
	maxUnread = 256 << 20

	// maxLost is how many answers in a row may be lost with their session before
	// the request fails.
	maxLost = 2
)

// requests are those of a shard that wait for answers. Its mutex guards them too:
// the loop brings what came, callers take it.
type requests struct {
	mu   sync.Mutex
	open []*request // those that were sent are in the order in which they were
}

// request is a command whose answer comes as events. The loop copies these for
// the caller, who takes them by next.
type request struct {
	shard  *Shard
	op     gateway.Opcode
	guild  uint64 // 0: several
	gated  bool   // the limit on the guild must allow it
	build  func(dst []byte) ([]byte, error)
	answer answer
	bell   chan struct{} // holds a token while something came that next has not seen

	// Guarded by shard.requests.mu, as is answer.
	pending bool      // it was sent, and neither refused nor lost since
	session string    // in which it was sent last
	notYet  time.Time // until when it must not be sent
	lost    int       // how many answers were lost
	built   int       // lost, when the payload was built
	pieces  []piece
	unread  int   // bytes in pieces
	err     error // ends it, behind pieces
}

// answer is what has come of an answer, and what is missing.
type answer interface {
	// takes reports whether r belongs to it.
	takes(r *reply) bool
	// refusedBy reports whether r, a RATE_LIMITED, refuses it.
	refusedBy(r *reply) bool
	// add counts r, which belongs to it; fresh is false if r came before.
	add(r *reply) (fresh bool, err error)
	// whole reports whether nothing is missing.
	whole() bool
	// progress returns how many events have come, and of how many; 0: not known.
	progress() (came, want int)
	// restart forgets what has come, for an answer that begins anew.
	restart()
}

// piece is one event of an answer.
type piece struct {
	buf     *pool.Buffer // the raw JSON of d
	attempt int          // how many answers were lost before
}

// ring has the caller look again.
func (r *request) ring() {
	select {
	case r.bell <- struct{}{}:
	default:
	}
}

// waiting reports whether something is to come. The loop calls it, and what
// follows.
func (r *request) waiting() bool { return r.pending && r.err == nil && !r.answer.whole() }

// deliver copies an event's data for the caller.
func (r *request) deliver(reply *reply, data []byte) {
	if r.err != nil {
		return
	}
	fresh, err := r.answer.add(reply)
	switch {
	case err != nil:
		r.err = err
	case !fresh:
		return
	case r.unread+len(data) > maxUnread:
		r.err = ErrFellBehind
	default:
		buf := pool.Get(len(data))
		buf.B = append(buf.B, data...)
		r.pieces = append(r.pieces, piece{buf, r.lost})
		r.unread += len(data)
	}
	r.ring()
}

// refuse takes a RATE_LIMITED: the request is sent again, but not before until.
func (r *request) refuse(now, until time.Time) {
	if r.gated {
		r.shard.engine.guilds.Hold(r.guild, until, now)
	}
	r.pending, r.notYet = false, until
	r.ring()
}

// lose gives up the answer of a session that is lost, or has gaps, and has the
// request sent again.
func (r *request) lose() {
	if r.lost++; r.lost == maxLost {
		r.err = errAnswerLost
	}
	r.pending = false
	r.answer.restart()
	r.ring()
}

// answerEvents are what requests hear of.
var answerEvents = gateway.Events(
	gateway.EventGuildMembersChunk, gateway.EventSoundboardSounds, gateway.EventChannelInfo,
	gateway.EventRateLimited, gateway.EventReady, gateway.EventSessionLost,
)

func (e *Engine) listen() {
	l := &e.listeners
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count++; l.count == 1 {
		l.handle = &handler{events: answerEvents, call: answered}
		e.handlers.add(l.handle)
	}
}

func (e *Engine) unlisten() {
	l := &e.listeners
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.count--; l.count == 0 {
		e.handlers.remove(l.handle)
		l.handle = nil
	}
}

// answered is the callback.
func answered(ev *Event) {
	rs := &ev.Shard.requests
	rs.mu.Lock()
	defer rs.mu.Unlock()
	if len(rs.open) == 0 {
		return
	}
	switch ev.Type {
	case gateway.EventReady:
		rs.lose(func(session string) bool { return session != ev.Shard.Session().ID })
	case gateway.EventSessionLost:
		// Of a session that goes on. One that is over counts at READY: until then a
		// request could still be written to its connection, and be lost twice.
		if lost, _ := ev.SessionLost(); lost.To != 0 {
			rs.lose(func(session string) bool { return session == lost.Session })
		}
	case gateway.EventRateLimited:
		r := readRateLimited(ev.Data)
		rs.refuse(&r, ev.Received)
	default:
		r := readReply(ev.Type, ev.Data)
		rs.deliver(&r, ev.Data)
	}
}

// deliver gives a reply to the request that it answers, if there is one.
func (rs *requests) deliver(r *reply, data []byte) {
	for _, request := range rs.open {
		if request.op == r.op && request.session != "" && request.answer.takes(r) {
			request.deliver(r, data)
			return
		}
	}
}

// refuse has the requests wait that a RATE_LIMITED is about.
func (rs *requests) refuse(r *reply, now time.Time) {
	for _, request := range rs.open {
		if request.op == r.op && request.waiting() && request.answer.refusedBy(r) {
			request.refuse(now, now.Add(r.retryAfter))
		}
	}
}

// lose has those requests sent again that were sent in a session that is lost.
func (rs *requests) lose(is func(session string) bool) {
	for _, request := range rs.open {
		if request.waiting() && is(request.session) {
			request.lose()
		}
	}
}

// reply is what an event says about the request that it answers.
type reply struct {
	op    gateway.Opcode // the request's
	guild uint64         // 0: not told
	nonce lazyjson.Value // in the event's data

	// Of a GUILD_MEMBERS_CHUNK, -1 where it does not tell.
	index, count int64

	// Of a RATE_LIMITED.
	retryAfter time.Duration
}

// readReply reads the data of an answer.
func readReply(t gateway.EventType, data []byte) reply {
	r := reply{index: -1, count: -1}
	d := lazyjson.ValueOf(data)
	switch t {
	case gateway.EventGuildMembersChunk:
		r.op = gateway.OpRequestGuildMembers
		// One pass: what tells chunks apart stands behind a thousand members.
		for key, value := range d.Members() {
			switch {
			case key.EqualString("guild_id"):
				r.guild, _ = value.Snowflake()
			case key.EqualString("nonce"):
				r.nonce = value
			case key.EqualString("chunk_index"):
				r.index = natural(value)
			case key.EqualString("chunk_count"):
				r.count = natural(value)
			}
		}
		return r
	case gateway.EventSoundboardSounds:
		r.op = gateway.OpRequestSoundboardSounds
	case gateway.EventChannelInfo:
		r.op = gateway.OpRequestChannelInfo
	}
	r.guild, _ = d.Get("guild_id").Snowflake()
	return r
}

// natural returns a value that is a number from 0 on; -1 for any other.
func natural(v lazyjson.Value) int64 {
	n, err := v.Int()
	if err != nil || n < 0 {
		return -1
	}
	return n
}

// The bounds of what a RATE_LIMITED can ask for: it must neither make the engine
// ask without pause nor overflow.
const (
	minRetryAfter = time.Second
	maxRetryAfter = 24 * time.Hour
)

// readRateLimited reads the data of a RATE_LIMITED.
func readRateLimited(data []byte) reply {
	d := lazyjson.ValueOf(data)
	var r reply
	if op := natural(d.Get("opcode")); op >= 0 {
		r.op = gateway.Opcode(op)
	}
	meta := d.Get("meta")
	r.guild, _ = meta.Get("guild_id").Snowflake()
	r.nonce = meta.Get("nonce")
	r.retryAfter = limit.MembersPeriod // the only limit that is documented
	if seconds, err := d.Get("retry_after").Float(); err == nil && seconds >= 0 {
		r.retryAfter = max(minRetryAfter, time.Duration(min(seconds, maxRetryAfter.Seconds())*float64(time.Second)))
	}
	return r
}
