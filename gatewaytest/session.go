package gatewaytest

import (
	"sort"
	"sync"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

// session is what an identify begins. It outlives its connections, of which it has at most one at
// a time. Its events are numbered from 1 without a gap: READY, the GUILD_CREATEs, then shared events and
// its own, mixed. Only its own are kept; the others can be made again.
type session struct {
	srv        *Server
	id         string
	shard      int
	shardCount int
	intents    gateway.Intents
	guilds     []uint64
	feed       *feed
	payloads   bool // the identify asked for payload compression
	probe      bool
	identified time.Time

	mu          sync.Mutex
	conn        *conn         // nil while there is none
	detached    time.Time     // since when there is none
	away        time.Duration // the longest that there was none
	back        time.Time     // when it was resumed last
	compression Compression   // of the last connection
	ended       bool
	exhausted   bool  // all traffic was sent
	head        int64 // sequence of the last event given out
	next        int64 // sequence that conn writes next: at most head+1
	resuming    bool  // RESUMED follows when next is head+1
	replayHalf  int64 // sequence behind which half of the replay is done
	replayed    int64 // sequence of the last event that the replay wrote, at first the client's
	muted       bool  // a fault withholds the events of conn
	ackBehind   int64 // sequence behind which an ACK is due that a fault held back; 0: none

	skips  []Span            // what faults left out
	closed gateway.CloseCode // of the client's last close frame that was no answer; 0: none

	began   time.Time // when the burst was written, and traffic began
	shared  int64     // events of traffic given out
	own     []ownEvent
	pruned  int64   // own events that are too old to be given again
	pending []event // own events without a sequence yet

	written int64 // sequence of the last event that was written whole
	events  int64 // events written, repeated ones included
	bytes   int64
	resumes int
	asked   map[gatewire.Snowflake]time.Time // when all members of a guild were

	world world // its lock is taken before mu
}

// ownEvent is an event that this session alone has, with its sequence.
type ownEvent struct {
	seq int64
	at  time.Time // when it got its sequence
	event
}

// release takes the connection c away from the session, if it has c.
func (s *session) release(c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn == c {
		s.conn = nil
		s.detached = time.Now()
	}
}

// expired reports whether the session has been without a connection for too long.
func (s *session) expired(now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.conn == nil && now.Sub(s.detached) > s.srv.cfg.sessionTimeout
}

// resumption is what a session says to a resume.
type resumption uint8

const (
	resumed resumption = iota
	resumeTooOld
	resumeInvalidSeq
)

// resume goes on behind the event seq, on c, without the first skip ones. Traffic that came due
// meanwhile counts as missed.
func (s *session) resume(c *conn, seq, skip int64, now time.Time) (r resumption, old *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq < 1 || seq > s.head {
		return resumeInvalidSeq, nil
	}
	for len(s.pending) > 0 {
		s.assign()
	}
	if s.srv.cfg.rate > 0 && s.head >= s.srv.burst() {
		missed := s.due(now) - s.shared
		s.shared += missed
		s.head += missed
	}
	if s.head-seq > int64(s.srv.cfg.replayLimit) || seq < s.head && now.Sub(s.given(seq+1)) > s.srv.cfg.replayWindow {
		return resumeTooOld, nil
	}
	if s.conn == nil && !s.detached.IsZero() {
		s.away = max(s.away, now.Sub(s.detached))
	}
	s.back = now.UTC().Round(0) // as it comes back from JSON
	old, s.conn = s.conn, c
	s.next = seq + 1
	s.resuming = true
	s.replayHalf = seq + (s.head-seq+1)/2
	s.replayed = seq
	s.muted, s.ackBehind = false, 0
	s.resumes++
	s.skip(skip)
	return resumed, old
}

// dispatch gives the session an event of its own.
func (s *session) dispatch(ev event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pending = append(s.pending, ev)
	if s.conn != nil {
		s.conn.notify()
	}
}

// assign numbers the first pending event. The caller holds s.mu.
func (s *session) assign() {
	s.head++
	s.own = append(s.own, ownEvent{s.head, time.Now(), s.pending[0]})
	s.pending = s.pending[1:]
	old := 0
	for old < len(s.own) && s.own[old].seq < s.next-int64(s.srv.cfg.replayLimit) {
		old++
	}
	if old > 0 {
		s.pruned += int64(old)
		s.own = append([]ownEvent(nil), s.own[old:]...)
	}
}

// inStep reports whether the session's sequences are those of the shared stream.
func (s *session) inStep() bool { return !s.probe && s.pruned == 0 && len(s.own) == 0 }

// due returns how many events of traffic the session should have given out by now. The caller
// holds s.mu.
func (s *session) due(now time.Time) int64 {
	cfg := s.srv.cfg
	if cfg.rate == 0 || s.srv.quiet.Load() {
		return s.shared
	}
	if s.began.IsZero() {
		s.began = s.firstDue(now)
	}
	elapsed := now.Sub(s.began)
	due := s.feed.events
	switch {
	case cfg.rate == Saturated:
	case s.feed.times != nil:
		due = min(due, s.feed.times.due(elapsed))
	default:
		due = int64(min(elapsed.Seconds()*cfg.rate, float64(due)))
	}
	return max(due, s.shared)
}

// wait returns how long until the next events of traffic are worth a write, negative for ever.
// The caller holds s.mu.
func (s *session) wait(now time.Time) time.Duration {
	cfg := s.srv.cfg
	if cfg.rate <= 0 || s.exhausted || s.srv.quiet.Load() {
		return -1
	}
	if times := s.feed.times; times != nil {
		after, ok := times.when(s.shared)
		if !ok {
			return -1
		}
		return max(0, s.began.Add(after).Sub(now))
	}
	batch := 1.0
	if !s.probe {
		batch = cfg.batch()
	}
	at := min(float64(s.shared)+batch, float64(s.feed.events)) / cfg.rate
	return s.began.Add(time.Duration(at * float64(time.Second))).Sub(now)
}

// batch returns how many events of one connection's traffic are written together.
func (cfg *config) batch() float64 {
	switch {
	case cfg.tick > 0:
		return max(1, cfg.rate*cfg.tick.Seconds())
	case cfg.pacing == PacingExact:
		return 1
	}
	return max(1, min(4, cfg.rate/4))
}

// appendEvent appends the payload of the event seq, which was given out. The caller holds s.mu.
func (s *session) appendEvent(dst []byte, seq int64) []byte {
	if seq == 1 {
		return traffic.AppendPayload(dst, "READY", seq, s.ready())
	}
	if seq <= s.srv.burst() {
		return traffic.AppendPayload(dst, "GUILD_CREATE", seq, s.srv.maker().GuildCreate(nil, s.guilds[seq-2], s.srv.cfg.guildSize))
	}
	own, index := s.locate(seq)
	if own != nil {
		return traffic.AppendPayload(dst, own.name, seq, own.data)
	}
	if s.probe {
		return appendProbe(dst, seq, s.feed.corpus.at(index))
	}
	ev := s.feed.corpus.at(index)
	return traffic.AppendPayload(dst, ev.name, seq, ev.data)
}

// locate returns the event seq, which came behind the burst, if it is the session's own, and otherwise its
// index in the traffic. The caller holds s.mu.
func (s *session) locate(seq int64) (own *ownEvent, index int64) {
	i := sort.Search(len(s.own), func(i int) bool { return s.own[i].seq >= seq })
	if i < len(s.own) && s.own[i].seq == seq {
		return &s.own[i], 0
	}
	// Only a fault asks for an event that is too old to be kept. Some other stands for it.
	return nil, max(0, seq-s.srv.burst()-1-s.pruned-int64(i))
}

// given returns when the event seq was given out. Saturated traffic has no schedule and does not
// age. The caller holds s.mu.
func (s *session) given(seq int64) time.Time {
	if seq <= s.srv.burst() {
		return s.identified
	}
	own, index := s.locate(seq)
	switch rate := s.srv.cfg.rate; {
	case own != nil:
		return own.at
	case rate <= 0 || s.began.IsZero():
		return time.Now()
	case s.feed.times != nil:
		after, _ := s.feed.times.when(index)
		return s.began.Add(after)
	default:
		return s.began.Add(time.Duration(float64(index+1) / rate * float64(time.Second)))
	}
}

func (s *session) ready() []byte {
	return traffic.Ready(nil, traffic.ReadyOptions{
		SessionID:  s.id,
		ResumeURL:  s.srv.publicResumeURL(),
		UserID:     s.srv.cfg.bot,
		ShardID:    s.shard,
		ShardCount: s.shardCount,
		GuildIDs:   s.guilds,
	})
}

// wrote notes that b was written whole.
func (s *session) wrote(b *batch) {
	s.mu.Lock()
	before := s.written
	s.written = max(s.written, b.seq)
	s.events += b.events
	s.bytes += int64(len(b.frames))
	ready := before < s.srv.burst() && s.written >= s.srv.burst()
	s.mu.Unlock()
	if ready {
		s.srv.change()
	}
}
