package engine

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/engine/session"
)

// View is a shard as it stands at one moment, for people, logs and dashboards.
// It prints itself in one line, is a group in log/slog and an object in JSON, and
// holds no secret: the token is not in it, and a session is of no use without one.
type View struct {
	At    time.Time `json:"at"` // when this was seen
	ID    int       `json:"id"`
	Total int       `json:"total"`

	State lifecycle.State `json:"state"`
	Since time.Time       `json:"since"` // when that was entered

	// NotReady is since when the shard has not been Ready, zero if it is.
	NotReady time.Time `json:"not_ready,omitzero"`

	// Stalled is for how long the shard has made no progress although its time had
	// come: a callback, its own or that of another shard on its loop, does not
	// return. 0 if that is less than 30 s.
	Stalled time.Duration `json:"stalled_ns"`

	Attempts int    `json:"attempts"` // connections tried in a row since it was Ready, with the one under way
	Failures int    `json:"failures"` // of these, how many in a row failed
	Cause    string `json:"cause"`    // why the last connection or attempt ended, "" before the first end

	// NextAt is when a shard that is Disconnected dials again, zero in other states.
	// Waits says why that is longer than the backoff: there is no identify to
	// spend ([identify.BudgetError]), or this shard has spent too many ([identify.ShardBudgetError]).
	// It is "" where it is not.
	NextAt time.Time `json:"next_at,omitzero"`
	Waits  string    `json:"waits,omitempty"`

	Opened lifecycle.Handshake `json:"opened"` // how the session was opened on this connection
	Next   lifecycle.Handshake `json:"next"`   // how the next connection opens one

	Identifies uint64 `json:"identifies"` // sent, ever
	Resumes    uint64 `json:"resumes"`    // sent, ever

	TLS    TLSReading `json:"tls"`               // how the TLS records of the connection are read
	TLSWhy string     `json:"tls_why,omitempty"` // why they are not lent, "" where they are, or are none

	Session    session.Session   `json:"session"`
	Latency    lifecycle.Latency `json:"latency"`
	Permits    Permits           `json:"permits"`
	Connection lifecycle.Flow    `json:"connection"` // through the decompressor since the connection began
	Flow       lifecycle.Flow    `json:"flow"`       // since the shard began

	// Reconnects counts the connections and attempts that ended and were followed
	// by another.
	Reconnects lifecycle.Causes `json:"reconnects"`

	Settings Settings `json:"settings"`

	// Happenings are the last 100 things that became of the shard, the oldest first.
	Happenings []lifecycle.Happening `json:"happenings,omitempty"`
}

// Public returns the view for those who may see how a shard stands and must not be able to
// take over its session: without the session's ID and URL.
func (v View) Public() View {
	for _, hidden := range []string{v.Session.ID, queryOf(v.Session.ResumeURL)} {
		v.Cause, v.Waits = without(v.Cause, hidden), without(v.Waits, hidden)
	}
	v.Session.ID, v.Session.ResumeURL = "", ""
	return v
}

// Permits is how many commands can be sent.
type Permits struct {
	Left int       `json:"left"`          // at once; 0 while the shard is not Ready, −1 without a limit
	Next time.Time `json:"next,omitzero"` // when there will be one more, zero if none was spent
}

// View returns how the shard stands. It costs a few hundred bytes, and 144 for each happening.
func (s *Shard) View() View {
	now := time.Now()
	s.public.mu.Lock()
	life, count, session := s.public.life, s.public.counters, s.public.session
	reading, readingWhy := s.public.present(), s.public.readingWhy
	v := View{
		At: now, ID: s.id, Total: s.total, State: s.public.state, Session: session,
		Since: life.Since, NotReady: life.NotReady,
		Attempts: life.Attempts, Failures: life.Failures, NextAt: life.Next, Opened: life.Opened,
		Identifies: count.Identifies, Resumes: count.Resumes,
		Connection: count.Flow.Since(life.Base), Flow: count.Flow,
		Reconnects: life.Counts(),
	}
	s.public.mu.Unlock()
	if life.Cause != nil {
		v.Cause = s.config.Token.secret().Redact(life.Cause.Error())
	}
	if v.TLS = reading; reading == TLSPlain {
		v.TLSWhy = readingWhy
	}
	if life.Waits != nil {
		v.Waits = life.Waits.Error()
	}
	switch {
	case v.State == lifecycle.Stopped || v.State == lifecycle.Closing && life.Leaving:
	case session.ID != "":
		v.Next = lifecycle.HandshakeResume
	default:
		v.Next = lifecycle.HandshakeIdentify
	}
	v.Stalled = s.stalledFor(now)
	v.Latency = s.core.Latency()
	v.Permits.Left, v.Permits.Next = s.link.Permits(now)
	v.Settings = s.config.settings()
	v.Happenings = s.Happenings()
	return v
}

// String returns the view in one line.
func (v View) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d/%d %v for %v", v.ID, v.Total, v.State, v.At.Sub(v.Since).Round(time.Millisecond))
	if v.Stalled > 0 {
		fmt.Fprintf(&b, ", stalled for %v", v.Stalled.Round(time.Second))
	}
	if v.Attempts > 0 {
		fmt.Fprintf(&b, ", attempt %d after %d failures", v.Attempts, v.Failures)
	}
	if v.Opened != lifecycle.HandshakeNone {
		fmt.Fprintf(&b, " by %v", v.Opened)
	}
	if v.Session.ID != "" {
		fmt.Fprintf(&b, ", session %s at %d", v.Session.ID, v.Session.Seq)
	}
	if v.Latency.Last > 0 {
		fmt.Fprintf(&b, ", latency %v (average %v)", v.Latency.Last.Round(time.Microsecond), v.Latency.Average.Round(time.Microsecond))
	}
	fmt.Fprintf(&b, ", %d permits, %d bytes of %d, reconnects: %v, next: %v", v.Permits.Left, v.Flow.Out, v.Flow.In, v.Reconnects, v.Next)
	if v.TLSWhy != "" {
		fmt.Fprintf(&b, ", TLS records not lent: %s", v.TLSWhy)
	}
	if v.Cause != "" {
		fmt.Fprintf(&b, ", last end: %s", v.Cause)
	}
	if v.Waits != "" {
		fmt.Fprintf(&b, ", waits until %s: %s", v.NextAt.Format(time.RFC3339), v.Waits)
	}
	return b.String()
}

// LogValue implements [slog.LogValuer].
func (v View) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Int("shard", v.ID), slog.Int("total", v.Total),
		slog.String("state", v.State.String()), slog.Time("since", v.Since),
	}
	if v.Stalled > 0 {
		attrs = append(attrs, slog.Duration("stalled", v.Stalled))
	}
	if v.Attempts > 0 {
		attrs = append(attrs, slog.Int("attempts", v.Attempts), slog.Int("failures", v.Failures))
	}
	attrs = append(attrs,
		slog.String("opened", v.Opened.String()), slog.String("next", v.Next.String()),
		slog.Int64("seq", v.Session.Seq),
		slog.Duration("latency", v.Latency.Last), slog.Duration("average_latency", v.Latency.Average),
		slog.Int("permits", v.Permits.Left),
		slog.Uint64("bytes_in", v.Flow.In), slog.Uint64("bytes_out", v.Flow.Out),
		slog.String("reconnects", v.Reconnects.String()),
	)
	if v.Session.ID != "" {
		attrs = append(attrs, slog.String("session", v.Session.ID))
	}
	if v.TLS != TLSNone {
		attrs = append(attrs, slog.String("tls", v.TLS.String()))
	}
	if v.TLSWhy != "" {
		attrs = append(attrs, slog.String("tls_why", v.TLSWhy))
	}
	if v.Cause != "" {
		attrs = append(attrs, slog.String("cause", v.Cause))
	}
	if v.Waits != "" {
		attrs = append(attrs, slog.Time("next_at", v.NextAt), slog.String("waits", v.Waits))
	}
	return slog.GroupValue(attrs...)
}
