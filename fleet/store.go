package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// formatVersion is of what lies in the bucket.
const formatVersion = "1"

const (
	// callTimeout is how long one request to JetStream may take: an election of the stream's
	// leader takes some seconds, and the next try goes to whoever leads then.
	callTimeout = 2 * time.Second

	// askAgain is after how long a read that nobody answered is asked for again: what was asked
	// before a leader was elected stays without an answer. Each time it takes twice as long, for
	// a leader may also be slow; but not where once a round one question is asked.
	askAgain = 250 * time.Millisecond
)

// store is the bucket of a bot: a JetStream stream with the last message of each subject,
// laid out as a NATS key-value bucket, so that `nats kv` shows it. Direct gets are off, so
// that every read is answered by the stream's leader.
//
// It uses no watcher: one whose consumer lived on a server that went is silent for long, and
// after the stream was lost it is blind for ever. What changed is polled, and a hint on a
// core NATS subject has everybody poll at once.
type store struct {
	js     jetstream.JetStream
	name   string // of the stream
	prefix string // of its subjects
	config jetstream.StreamConfig

	stream atomic.Pointer[jetstream.Stream]
	clock  atomic.Pointer[serverClock]

	// Of the stream, when it was last looked at; the control goroutine's alone.
	created time.Time // by its server
	age     time.Duration
	last    uint64 // revision

	replicated atomic.Bool // several servers keep it
}

// serverClock is what the server's clock said at a time of this process's.
type serverClock struct{ server, here time.Time }

// now returns about what the server's clock says, for what the server has dated itself.
func (st *store) now() time.Time {
	c := st.clock.Load()
	return c.server.Add(time.Since(c.here))
}

// entry is one key's value.
type entry struct {
	key   string
	value []byte // nil: the key was removed, or has expired
	taken bool   // it was removed, by whoever
	rev   uint64
	at    time.Time     // when it was written, by the server's clock
	ttl   time.Duration // 0: for ever
}

var (
	// errNoKey: there is no such key.
	errNoKey = errors.New("fleet: no such key")
	// errConflict: another changed the key before.
	errConflict = errors.New("fleet: the key was changed by another")
)

func newStore(conn *nats.Conn, bucket string, replicas int, metadata map[string]string) (*store, error) {
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("fleet: %w", err)
	}
	st := &store{js: js, name: "KV_" + bucket, prefix: "$KV." + bucket + "."}
	st.config = jetstream.StreamConfig{
		Name: st.name, Description: "a sluice fleet", Subjects: []string{st.prefix + ">"},
		MaxMsgsPerSubject: 1, MaxMsgs: -1, MaxBytes: -1, MaxConsumers: -1,
		Discard: jetstream.DiscardNew, AllowRollup: true, DenyDelete: true,
		Replicas: replicas, AllowMsgTTL: true, SubjectDeleteMarkerTTL: time.Minute,
		Metadata: metadata,
	}
	return st, nil
}

// open looks at the stream, and makes it if there is none. reborn says that it is another
// one than before, or has lost what it had.
func (st *store) open(ctx context.Context) (reborn bool, err error) {
	stream, err := patiently(ctx, 1, st.look)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		limit, cancel := context.WithTimeout(ctx, callTimeout)
		stream, err = st.js.CreateStream(limit, st.config)
		cancel()
		if errors.Is(err, jetstream.ErrStreamNameAlreadyInUse) {
			stream, err = patiently(ctx, 1, st.look) // another was faster
		}
	}
	if err != nil {
		return false, st.explain(err)
	}
	info := stream.CachedInfo()
	if err := st.check(info.Config.Metadata); err != nil {
		return false, err
	}
	st.stream.Store(&stream)
	st.clock.Store(&serverClock{info.TimeStamp, time.Now()})
	st.replicated.Store(info.Config.Replicas > 1)
	st.age = info.TimeStamp.Sub(info.Created)
	reborn = !info.Created.Equal(st.created) || info.State.LastSeq < st.last
	st.created, st.last = info.Created, info.State.LastSeq
	return reborn, nil
}

// look returns the stream as it is now.
func (st *store) look(ctx context.Context) (jetstream.Stream, error) {
	return st.js.Stream(ctx, st.name)
}

// patiently calls ask, and again as long as no answer comes, until callTimeout is over; what lies
// between two calls grows by a factor. It returns the first answer.
func patiently[T any](ctx context.Context, factor time.Duration, ask func(context.Context) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel() // whatever still waits
	answers := make(chan answer, callTimeout/askAgain+1)
	wait := askAgain
	again := time.NewTimer(wait)
	defer again.Stop()
	for asked := 0; ; {
		if asked < cap(answers) {
			asked++
			go func() {
				value, err := ask(ctx)
				answers <- answer{value, err}
			}()
		}
		select {
		case a := <-answers:
			return a.value, a.err
		case <-again.C:
			wait *= factor
			again.Reset(wait)
		}
	}
}

// check refuses a bucket that is another bot's, or of a newer version.
func (st *store) check(found map[string]string) error {
	for key, want := range st.config.Metadata {
		if got := found[key]; got != want {
			return fmt.Errorf("fleet: the NATS stream %s is not this bot's: its %s is %q, and not %q; "+
				"have all processes run the same version and token, or remove the stream if no process uses it", st.name, key, got, want)
		}
	}
	return nil
}

// get reads a key from the stream's leader.
func (st *store) get(ctx context.Context, key string) (entry, error) {
	m, err := patiently(ctx, 2, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return (*st.stream.Load()).GetLastMsgForSubject(ctx, st.prefix+key)
	})
	return st.entry(m, err)
}

// expired reports whether a key's time is over. A leader that was just elected may still show it.
func (st *store) expired(e *entry) bool { return e.ttl > 0 && st.now().Sub(e.at) > e.ttl }

// next reads the first entry behind a revision whose key matches a pattern.
func (st *store) next(ctx context.Context, pattern string, after uint64) (entry, error) {
	m, err := patiently(ctx, 2, func(ctx context.Context) (*jetstream.RawStreamMsg, error) {
		return (*st.stream.Load()).GetMsg(ctx, after+1, jetstream.WithGetMsgSubject(st.prefix+pattern))
	})
	return st.entry(m, err)
}

// entry returns what a message of the stream says.
func (st *store) entry(m *jetstream.RawStreamMsg, err error) (entry, error) {
	switch {
	case errors.Is(err, jetstream.ErrMsgNotFound):
		return entry{}, errNoKey
	case err != nil:
		return entry{}, st.explain(err)
	}
	e := entry{key: strings.TrimPrefix(m.Subject, st.prefix), value: m.Data, rev: m.Sequence, at: m.Time}
	e.ttl, _ = time.ParseDuration(m.Header.Get(jetstream.MsgTTLHeader))
	e.taken = m.Header.Get("KV-Operation") != ""
	if e.taken || m.Header.Get(jetstream.MarkerReasonHeader) != "" {
		e.value = nil
	} else if e.value == nil {
		e.value = []byte{}
	}
	return e, nil
}

// changes calls f for each entry behind a revision whose key matches a pattern, and returns
// the last one's revision.
func (st *store) changes(ctx context.Context, pattern string, after uint64, f func(entry)) (uint64, error) {
	for {
		e, err := st.next(ctx, pattern, after)
		switch {
		case err == errNoKey:
			return after, nil
		case err != nil:
			return after, err
		}
		f(e)
		after = e.rev
	}
}

// put writes a key whatever it was. A ttl of 0 is for ever.
func (st *store) put(ctx context.Context, key string, value []byte, ttl time.Duration) (rev uint64, err error) {
	return st.publish(ctx, &nats.Msg{Subject: st.prefix + key, Data: value}, ttl)
}

// send writes a key like put, and does not wait to hear whether it was written.
func (st *store) send(key string, value []byte, ttl time.Duration) error {
	return st.js.Conn().PublishMsg(&nats.Msg{
		Subject: st.prefix + key, Data: value, Header: nats.Header{jetstream.MsgTTLHeader: {ttl.String()}},
	})
}

// swap writes a key if its revision is still rev; 0: if there is no message of it at all.
func (st *store) swap(ctx context.Context, key string, value []byte, rev uint64, ttl time.Duration) (uint64, error) {
	return st.publish(ctx, &nats.Msg{Subject: st.prefix + key, Data: value}, ttl, jetstream.WithExpectLastSequencePerSubject(rev))
}

// remove removes a key if its revision is still rev.
func (st *store) remove(ctx context.Context, key string, rev uint64) error {
	m := &nats.Msg{Subject: st.prefix + key, Header: nats.Header{"KV-Operation": {"PURGE"}, jetstream.MsgRollup: {jetstream.MsgRollupSubject}}}
	_, err := st.publish(ctx, m, time.Minute, jetstream.WithExpectLastSequencePerSubject(rev))
	return err
}

func (st *store) publish(ctx context.Context, m *nats.Msg, ttl time.Duration, options ...jetstream.PublishOpt) (uint64, error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	if ttl > 0 {
		options = append(options, jetstream.WithMsgTTL(ttl))
	}
	ack, err := st.js.PublishMsg(ctx, m, append(options, jetstream.WithRetryAttempts(0))...)
	var api *jetstream.APIError
	if errors.As(err, &api) && (api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequence || api.ErrorCode == jetstream.JSErrCodeStreamWrongLastSequenceConstant) {
		return 0, errConflict
	}
	if err != nil {
		return 0, st.explain(err)
	}
	return ack.Sequence, nil
}

// full are JetStream's codes for an account, a server or a disk that is full.
var full = []jetstream.ErrorCode{10002, 10023, 10047, 10077}

// explain says what helps.
func (st *store) explain(err error) error {
	var api *jetstream.APIError
	remedy := ""
	if refused := st.js.Conn().LastError(); errors.Is(err, context.DeadlineExceeded) && st.concerns(refused) {
		err = refused // which NATS tells the connection, and not who asked
	}
	switch {
	case errors.Is(err, jetstream.ErrJetStreamNotEnabled), errors.Is(err, jetstream.ErrJetStreamNotEnabledForAccount):
		remedy = "; start the NATS server with JetStream (nats-server -js), for this account"
	case errors.Is(err, nats.ErrPermissionViolation):
		remedy = "; let the credentials publish and subscribe to $KV.>, $JS.API.>, _INBOX.> and sluice.>"
	case errors.As(err, &api) && slices.Contains(full, api.ErrorCode):
		remedy = "; the JetStream storage is full: make room, or raise its limits. Shards that run go on meanwhile"
	}
	return fmt.Errorf("fleet: NATS stream %s: %w%s", st.name, err, remedy)
}

// concerns reports whether an error of the connection's is that NATS refuses what the fleet does.
func (st *store) concerns(err error) bool {
	return errors.Is(err, nats.ErrPermissionViolation) && (strings.Contains(err.Error(), st.prefix) || strings.Contains(err.Error(), "$JS.API."))
}

// metadataOf tells a bot's bucket from others. hash is of the token.
func metadataOf(hash string) map[string]string {
	return maps.Clone(map[string]string{"sluice-version": formatVersion, "sluice-bot": hash})
}
