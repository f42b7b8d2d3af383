package lifecycle

import "github.com/sluice-go/sluice/gateway"

// This file has what the synthetic events tell: those that no payload brings.
// They carry neither Seq nor Data, and an event set holds them only when asked.

// Closer is who ended a connection.
type Closer uint8

const (
	// ByNobody: the connection broke, or ended without a close frame.
	ByNobody Closer = iota
	// ByGateway: the gateway sent a close frame.
	ByGateway
	// ByEngine: this side gave the connection up, for a cause of its own or one
	// that the gateway gave it (a zombie, damage, opcode 7 …).
	ByEngine
	// ByUser: this side closed the connection at the user's wish.
	ByUser
)

var closerNames = [...]string{"nobody", "gateway", "engine", "user"}

// String returns "nobody", "gateway", "engine" or "user".
func (c Closer) String() string {
	if int(c) < len(closerNames) {
		return closerNames[c]
	}
	return "unknown"
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (c Closer) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// Closed is what [gateway.EventClosed] tells: a connection ended. It comes before
// the change of state. An attempt that never became a connection is none: see
// the [StateChange] from Connecting.
type Closed struct {
	// Code is the code of the close frame that began the end, [gateway.CloseCode]
	// zero if that had none, and 1006 where there was no close frame.
	Code   gateway.CloseCode
	Reason string // as the gateway wrote it, without the token
	By     Closer
	Err    error // why, where Code does not say it: nil if By is ByGateway
}

// StateChange is what [gateway.EventStateChanged] tells.
type StateChange struct {
	From, To State
	Cause    error // why, nil where the change is the way things go

	// Attempts is how many connections were tried since the shard was last Ready,
	// the one under way or just ended included. The change to Ready tells how many
	// it took.
	Attempts int

	// Code is the Code of the last [Closed], 0 before the first.
	Code gateway.CloseCode
}

// SessionLost is what [gateway.EventSessionLost] tells: events of a session may
// be missing for ever. Nothing else goes missing. It comes before the event that
// follows the gap, or before the change of state that follows the loss.
//
// It does not come where the session lives on: after a shutdown, and where a
// shard stops with its retries used up. Nor after a logout, which the user asked
// for.
type SessionLost struct {
	Session string // its ID

	// From is the first sequence that may be missing: one more than that of the
	// last event delivered.
	From int64

	// To is the last sequence that is missing: the gateway skipped exactly From to
	// To, also when it was asked for them by a resume, and the session goes on.
	// Where it was RESUMED that stood behind the gap, To is RESUMED's own sequence,
	// which may stand for an event too. 0: the session is over, and how many events
	// are missing cannot be known.
	To int64

	Cause error // why, never nil
}

// SessionBegan is what [gateway.EventSessionBegan] tells: a new session began. It comes
// after the callbacks of its READY, so that the session can be resumed from here on:
// engine.Shard.Session and Settled count READY already.
type SessionBegan struct {
	Session   string // its ID
	ResumeURL string // resume_gateway_url, "" where it may not be used
}

// SessionResumed is what [gateway.EventSessionResumed] tells: the session goes on
// after one or more connections ended, with nothing lost but what a
// [SessionLost] announced. It comes after the callbacks of RESUMED.
type SessionResumed struct {
	Session  string // its ID
	From     int64  // the first sequence that was asked for
	Replayed int    // events that were missed and came by the resume, RESUMED not counted
}

// PayloadSent is what [gateway.EventPayloadSent] tells besides the payload: heartbeats, identifies and resumes
// of the engine's own, and commands of the user's. The payload was handed to the connection; whether the gateway
// got it, nobody knows. Asterisks stand in it wherever the token stood.
//
// Where a callback holds up its shard for long, the oldest that wait to be told are given up for those that follow.
type PayloadSent struct {
	Missed int // payloads that were sent before this one, since the last that was told, and are not told
}

// GuildsReady is what [gateway.EventGuildsReady] tells: each guild that READY
// listed has come or is known to be unavailable, or Config.GuildsTimeout has
// passed. It comes once for each READY, after the callbacks of the last guild,
// unless the session is lost before. A resume in between counts what it replays.
// Guilds come only with [gateway.IntentGuilds]; without it all of them are Missing.
//
// Guilds is the sum of the other four.
type GuildsReady struct {
	Session     string // its ID
	Guilds      int    // that READY listed
	Available   int    // of these, brought by GUILD_CREATE
	Unavailable int    // of these, unavailable: an outage, says GUILD_DELETE or GUILD_CREATE
	Removed     int    // of these, left by the bot meanwhile, says GUILD_DELETE
	Missing     int    // of these, not heard of in time
}
