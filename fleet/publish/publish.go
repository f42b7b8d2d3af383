// Package publish hands a bot's events to NATS, as they came, for consumers in any language, and
// takes commands back:
//
//	PREFIX.ev.TOTAL.SHARD.TYPE   an event: the raw JSON of d
//	PREFIX.cmd.SHARD             a command: a raw payload; the answer says what became of it
//
// Over core NATS an event costs one copy and no allocation, and is lost where nobody listens.
// Over JetStream it has the message id SESSION:SEQ, so that the stream's duplicate window takes
// out what a takeover doubles, and it counts as delivered only when the broker has it: after a
// kill nothing is missing. The stream is the user's to make, with PREFIX.ev.> among its subjects.
//
//	p, err := publish.New(publish.Config{Conn: conn, Prefix: "bot", Stream: gateway.Events(gateway.EventInteractionCreate)})
//	…
//	defer p.Close(ctx)
//	p.Attach(eng, gateway.AllDispatches())
package publish

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/gateway"
)

// Config is what [New] takes. Conn and Prefix are required.
type Config struct {
	// Conn is the connection to publish on. It stays the caller's, and should reconnect for
	// ever. Its error handler is called as before, behind the Publisher's.
	Conn *nats.Conn

	// Prefix begins all subjects: one token or more, without wildcards.
	Prefix string

	// Stream are the events that go to JetStream; all others go over core NATS. Default: none.
	Stream gateway.EventSet

	// MaxPending is how many events may wait for JetStream's acknowledgement; then shards
	// are held, as by engine.Async. Default 8192.
	MaxPending int

	// AckTimeout is after how long an event that was not acknowledged is published again.
	// Default 5 s.
	AckTimeout time.Duration

	// Logger gets what is refused. Default slog.Default().
	Logger *slog.Logger
}

// Publisher publishes events.
type Publisher struct {
	config   Config
	log      *slog.Logger
	subjects atomic.Pointer[map[shardID]*subjects] // replaced, never changed
	making   sync.Mutex

	published, failed atomic.Uint64
	stream
}

type shardID struct{ total, id int }

// subjects are those of one shard, by event type.
type subjects [256]string

// New returns a Publisher.
func New(config Config) (*Publisher, error) {
	switch {
	case config.Conn == nil:
		return nil, errors.New("publish: Config.Conn is nil; connect to NATS first")
	case !validPrefix(config.Prefix):
		return nil, fmt.Errorf("publish: Config.Prefix: %q is no subject: want tokens such as bot or prod.bot, without spaces and wildcards", config.Prefix)
	}
	if config.MaxPending <= 0 {
		config.MaxPending = 8192
	}
	if config.AckTimeout <= 0 {
		config.AckTimeout = 5 * time.Second
	}
	p := &Publisher{config: config, log: config.Logger}
	if p.log == nil {
		p.log = slog.Default()
	}
	p.subjects.Store(&map[shardID]*subjects{})
	if err := p.open(); err != nil {
		return nil, err
	}
	p.listen()
	return p, nil
}

// listen hears of events that the server refuses, before whoever the connection has for its errors.
// To JetStream, too, there is no other answer.
func (p *Publisher) listen() {
	next := p.config.Conn.ErrorHandler()
	p.config.Conn.SetErrorHandler(func(conn *nats.Conn, s *nats.Subscription, err error) {
		if errors.Is(err, nats.ErrPermissionViolation) && strings.Contains(err.Error(), `Publish to "`+p.config.Prefix+".ev.") {
			p.lost(fmt.Errorf("publish: this user of NATS may not publish it; give it permission for %s.ev.>: %w", p.config.Prefix, err))
		}
		if next != nil {
			next(conn, s, err)
		}
	})
}

func validPrefix(s string) bool {
	for token := range strings.SplitSeq(s, ".") {
		if token == "" || strings.ContainsAny(token, "*> \t\r\n") {
			return false
		}
	}
	return true
}

// Attach has the events of a set published, until remove is called.
func (p *Publisher) Attach(eng *engine.Engine, events gateway.EventSet) (remove func()) {
	var removes []func()
	if core := events.Without(p.config.Stream); !core.IsEmpty() {
		removes = append(removes, eng.On(core, p.Publish))
	}
	if kept := events.Intersect(p.config.Stream); !kept.IsEmpty() {
		removes = append(removes, eng.On(kept, engine.Async(p.publishStream, engine.AsyncOptions{Queue: 1024})))
	}
	return func() {
		for _, f := range removes {
			f()
		}
	}
}

// Publish publishes one event over core NATS, whatever its type: a callback for engine.On. It
// does not wait; the event's bytes are copied before it returns.
func (p *Publisher) Publish(ev *engine.Event) {
	if ev.Shard == nil {
		return
	}
	if err := p.config.Conn.Publish(p.subject(ev), ev.Data); err != nil {
		p.lost(err)
		return
	}
	p.published.Add(1)
}

// lost counts an event that could not be published, and logs the first of a thousand.
func (p *Publisher) lost(err error) {
	if p.failed.Add(1)%1000 == 1 {
		p.log.Warn("an event could not be published", "cause", err, "so_far", p.failed.Load())
	}
}

// Stats is what a Publisher has done.
type Stats struct {
	Published uint64 // events that were handed to the connection
	Failed    uint64 // that it or the server did not take: over core NATS they are lost
	Pending   int    // that JetStream has not acknowledged yet
	Repeated  uint64 // that were published again, since no acknowledgement came
}

// Stats returns what was done until now.
func (p *Publisher) Stats() Stats {
	return Stats{Published: p.published.Load(), Failed: p.failed.Load(), Pending: p.waiting(), Repeated: p.repeated.Load()}
}

// subject returns an event's subject, which is made once for each shard and type.
func (p *Publisher) subject(ev *engine.Event) string {
	s := (*p.subjects.Load())[shardID{ev.Shard.Total(), ev.Shard.ID()}]
	if s == nil {
		s = p.makeSubjects(shardID{ev.Shard.Total(), ev.Shard.ID()})
	}
	if ev.Type != gateway.EventUnknown {
		return s[ev.Type]
	}
	return s[gateway.EventUnknown] + token(ev.Name())
}

// token returns a name as a token of a subject.
func token(name string) string {
	for i := range len(name) {
		if c := name[i]; c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return "UNKNOWN"
		}
	}
	if name == "" || len(name) > 100 {
		return "UNKNOWN"
	}
	return name
}

func (p *Publisher) makeSubjects(at shardID) *subjects {
	p.making.Lock()
	defer p.making.Unlock()
	old := *p.subjects.Load()
	if s := old[at]; s != nil {
		return s
	}
	s := new(subjects)
	base := p.config.Prefix + ".ev." + strconv.Itoa(at.total) + "." + strconv.Itoa(at.id) + "."
	for t := range s {
		s[t] = base + token(gateway.EventType(t).String())
	}
	s[gateway.EventUnknown] = base
	next := make(map[shardID]*subjects, len(old)+1)
	for k, v := range old {
		next[k] = v
	}
	next[at] = s
	p.subjects.Store(&next)
	return s
}

// Close waits, within ctx, until JetStream has acknowledged what was published, and ends the
// Publisher. Call it when the engine's Run has returned.
func (p *Publisher) Close(ctx context.Context) error {
	err := p.drain(ctx)
	p.end()
	return err
}
