package gateway

import "strconv"

// A CloseCode is the status code of a WebSocket close frame (RFC 6455, section 7.4).
// Zero stands for a connection that ended without one.
//
// Source: Discord, "Opcodes and Status Codes", heading "Gateway Close Event Codes".
type CloseCode uint16

// The close codes that mean something to a gateway connection. CloseNormal and CloseGoingAway
// matter when the client sends them: they end the session. With any other code, and when the
// connection just breaks, the gateway keeps the session for a few minutes.
const (
	CloseNormal               CloseCode = 1000 // sent by a client: end the session
	CloseGoingAway            CloseCode = 1001 // sent by a client: end the session
	CloseUnknownError         CloseCode = 4000 // something went wrong; also what a client sends to keep its session
	CloseUnknownOpcode        CloseCode = 4001 // the client sent an opcode that does not exist, or a payload that does not fit it
	CloseDecodeError          CloseCode = 4002 // the client sent a payload that could not be decoded, or was too large
	CloseNotAuthenticated     CloseCode = 4003 // the client sent something before it identified, or its session has ended
	CloseAuthenticationFailed CloseCode = 4004 // the token is wrong
	CloseAlreadyAuthenticated CloseCode = 4005 // the client identified twice on one connection
	CloseInvalidSeq           CloseCode = 4007 // the client resumed with a sequence that the session does not have
	CloseRateLimited          CloseCode = 4008 // the client sent too many payloads
	CloseSessionTimedOut      CloseCode = 4009 // the session has expired
	CloseInvalidShard         CloseCode = 4010 // the shard id or count is not valid
	CloseShardingRequired     CloseCode = 4011 // one shard would hold too many guilds
	CloseInvalidAPIVersion    CloseCode = 4012 // the URL names a version that does not exist
	CloseInvalidIntents       CloseCode = 4013 // the intents hold a bit that does not exist
	CloseDisallowedIntents    CloseCode = 4014 // the intents hold a bit that the bot was not granted
)

// String returns the code and, if it has a name, that: "4004 authentication failed". For zero
// it returns "none".
func (c CloseCode) String() string {
	if c == 0 {
		return "none"
	}
	number := strconv.Itoa(int(c))
	if name := c.name(); name != "" {
		return number + " " + name
	}
	return number
}

func (c CloseCode) name() string {
	switch c {
	case CloseNormal:
		return "normal closure"
	case CloseGoingAway:
		return "going away"
	case CloseUnknownError:
		return "unknown error"
	case CloseUnknownOpcode:
		return "unknown opcode"
	case CloseDecodeError:
		return "decode error"
	case CloseNotAuthenticated:
		return "not authenticated"
	case CloseAuthenticationFailed:
		return "authentication failed"
	case CloseAlreadyAuthenticated:
		return "already authenticated"
	case CloseInvalidSeq:
		return "invalid seq"
	case CloseRateLimited:
		return "rate limited"
	case CloseSessionTimedOut:
		return "session timed out"
	case CloseInvalidShard:
		return "invalid shard"
	case CloseShardingRequired:
		return "sharding required"
	case CloseInvalidAPIVersion:
		return "invalid API version"
	case CloseInvalidIntents:
		return "invalid intents"
	case CloseDisallowedIntents:
		return "disallowed intents"
	}
	return ""
}

// A Decision is what follows the end of a connection.
type Decision uint8

const (
	DecisionResume   Decision = iota // dial again and resume the session
	DecisionIdentify                 // forget the session, dial again and identify
	DecisionStop                     // do not dial again: every further try would fail alike
)

// String returns "resume", "identify" or "stop".
func (d Decision) String() string {
	switch d {
	case DecisionResume:
		return "resume"
	case DecisionIdentify:
		return "identify"
	case DecisionStop:
		return "stop"
	}
	return "Decision " + strconv.Itoa(int(d))
}

// Decision returns what follows when the gateway closes a connection with c. Codes that are not
// documented, and no code at all, mean resume: a session that is really gone is then answered by
// Invalid Session, while an identify that was not needed would have spent the session start limit.
func (c CloseCode) Decision() Decision {
	switch c {
	case CloseAuthenticationFailed, CloseInvalidShard, CloseShardingRequired,
		CloseInvalidAPIVersion, CloseInvalidIntents, CloseDisallowedIntents:
		return DecisionStop
	case CloseUnknownOpcode, CloseNotAuthenticated, CloseInvalidSeq, CloseSessionTimedOut:
		// 4001 counts as reconnectable in the documentation, but such a session
		// cannot be resumed in practice; after 4003 there is none.
		return DecisionIdentify
	}
	return DecisionResume
}

// Remedy returns, for a code whose Decision is DecisionStop, a sentence that names the cause and
// what the bot's owner can do about it. For every other code it returns "".
func (c CloseCode) Remedy() string {
	switch c {
	case CloseAuthenticationFailed:
		return "Discord does not accept the token: copy it again, or reset it, on the Bot page of the application in the Developer Portal."
	case CloseInvalidShard:
		return "Discord does not accept the shard id or the shard count: use ids from 0 to count-1 and, for a very large bot, a multiple of the count that Get Gateway Bot recommends."
	case CloseShardingRequired:
		return "One shard would hold more than 2500 guilds: use more shards, at best as many as Get Gateway Bot recommends."
	case CloseInvalidAPIVersion:
		return "The gateway URL names an API version that Discord does not serve: use v=10."
	case CloseInvalidIntents:
		return "The intents hold a bit that does not exist: use only the intents that Discord documents."
	case CloseDisallowedIntents:
		return "The intents hold a privileged one that the bot was not granted: switch it on, on the Bot page of the application in the Developer Portal, or leave out GUILD_MEMBERS, GUILD_PRESENCES and MESSAGE_CONTENT."
	}
	return ""
}
