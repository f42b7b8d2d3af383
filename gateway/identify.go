package gateway

import (
	"bytes"
	"encoding/json"
	"strconv"
	"unicode/utf8"
)

// The bounds of Identify.LargeThreshold.
const (
	minLargeThreshold = 50
	maxLargeThreshold = 250
)

// Identify is what a client says of itself to begin a session, besides the token.
//
// Source: Discord, "Gateway Events", heading "Identify".
type Identify struct {
	// Intents are the groups of events that the session gets. Zero: only what comes
	// without an intent.
	Intents Intents

	// Properties name the client. The zero value sends three empty strings.
	Properties Properties

	// Compress asks for payload compression: each large payload comes as a zlib stream of
	// its own. Never together with transport compression.
	Compress bool

	// LargeThreshold is the number of members from which on GUILD_CREATE leaves out those
	// who are offline: 50 to 250. Zero sends nothing, which means Discord's default, 50.
	LargeThreshold int

	// ShardID and ShardCount say which part of the guilds the session gets:
	// 0 ≤ ShardID < ShardCount. A count of zero, with id zero, sends nothing, which means
	// all guilds.
	ShardID, ShardCount int

	// Presence is the bot's first presence, one JSON object such as [AppendPresence] makes.
	// Nil or empty: online, without activities. It is read only until AppendIdentify returns.
	Presence []byte
}

// Properties name the client towards Discord. They carry no meaning but for statistics.
//
// Source: Discord, "Gateway Events", heading "Identify Connection Properties".
type Properties struct {
	OS      string // the operating system, such as "linux"
	Browser string // the library's name
	Device  string // the library's name
}

// AppendIdentify appends an identify payload (opcode 2) to dst. token is the bot's, without the word
// Bot. The error is a [*FieldError] or a
// [*PayloadTooLargeError]; dst is then returned as it was. No error holds the token.
func AppendIdentify(dst []byte, token string, id *Identify) ([]byte, error) {
	if err := id.check(token); err != nil {
		return dst, err
	}
	b := appendHead(dst, OpIdentify)
	b = append(b, `{"token":`...)
	b = appendQuoted(b, token)
	b = append(b, `,"intents":`...)
	b = strconv.AppendUint(b, uint64(id.Intents), 10)
	b = append(b, `,"properties":{"os":`...)
	b = appendQuoted(b, id.Properties.OS)
	b = append(b, `,"browser":`...)
	b = appendQuoted(b, id.Properties.Browser)
	b = append(b, `,"device":`...)
	b = appendQuoted(b, id.Properties.Device)
	b = append(b, '}')
	if id.Compress {
		b = append(b, `,"compress":true`...)
	}
	if id.LargeThreshold != 0 {
		b = append(b, `,"large_threshold":`...)
		b = strconv.AppendInt(b, int64(id.LargeThreshold), 10)
	}
	if id.ShardCount != 0 {
		b = append(b, `,"shard":[`...)
		b = strconv.AppendInt(b, int64(id.ShardID), 10)
		b = append(b, ',')
		b = strconv.AppendInt(b, int64(id.ShardCount), 10)
		b = append(b, ']')
	}
	if len(id.Presence) > 0 {
		b = append(b, `,"presence":`...)
		b = append(b, id.Presence...)
	}
	return finish(dst, append(b, '}'), OpIdentify)
}

// check returns a *FieldError for the first value that Discord would refuse.
func (id *Identify) check(token string) error {
	refuse := func(field, reason string) error {
		return &FieldError{Op: OpIdentify, Field: field, Reason: reason}
	}
	if reason := checkToken(token); reason != "" {
		return refuse("token", reason)
	}
	if t := id.LargeThreshold; t != 0 && (t < minLargeThreshold || t > maxLargeThreshold) {
		return refuse("large_threshold", "is "+strconv.Itoa(t)+", not within "+
			strconv.Itoa(minLargeThreshold)+" and "+strconv.Itoa(maxLargeThreshold))
	}
	unsharded := id.ShardID == 0 && id.ShardCount == 0
	if !unsharded && (id.ShardID < 0 || id.ShardID >= id.ShardCount) {
		return refuse("shard", "has id "+strconv.Itoa(id.ShardID)+" and count "+strconv.Itoa(id.ShardCount)+
			"; ids go from 0 to count-1")
	}
	if len(id.Presence) > 0 {
		if reason := checkObject(id.Presence); reason != "" {
			return refuse("presence", reason)
		}
	}
	return nil
}

// AppendResume appends a resume payload (opcode 6) to dst. sessionID comes from READY, seq is the
// sequence of the last dispatch that was received. The error is a [*FieldError] or a
// [*PayloadTooLargeError]; dst is then returned as it was. No error holds the token.
//
// Source: Discord, "Gateway Events", heading "Resume".
func AppendResume(dst []byte, token, sessionID string, seq int64) ([]byte, error) {
	if reason := checkToken(token); reason != "" {
		return dst, &FieldError{Op: OpResume, Field: "token", Reason: reason}
	}
	if sessionID == "" {
		return dst, &FieldError{Op: OpResume, Field: "session_id", Reason: "is empty"}
	}
	if seq < 0 {
		return dst, &FieldError{Op: OpResume, Field: "seq", Reason: "is negative: " + strconv.FormatInt(seq, 10)}
	}
	b := appendHead(dst, OpResume)
	b = append(b, `{"token":`...)
	b = appendQuoted(b, token)
	b = append(b, `,"session_id":`...)
	b = appendQuoted(b, sessionID)
	b = append(b, `,"seq":`...)
	b = strconv.AppendInt(b, seq, 10)
	return finish(dst, append(b, '}'), OpResume)
}

// checkToken returns what is wrong with a token, or "". It finds what copying and files bring in,
// such as a line break, which would otherwise end in a bare 4004 authentication failed.
func checkToken(token string) string {
	if token == "" {
		return "is empty"
	}
	for i := range len(token) {
		if c := token[i]; c <= ' ' || c > '~' {
			return "holds a space, a control or a non-ASCII character; give the bare token, without the word Bot"
		}
	}
	return ""
}

// checkObject returns what keeps raw from being one JSON object in valid UTF-8, or "".
func checkObject(raw []byte) string {
	// encoding/json accepts invalid UTF-8; in a text frame the gateway does not.
	if !utf8.Valid(raw) {
		return "is not valid UTF-8"
	}
	if !json.Valid(raw) {
		return "is not valid JSON"
	}
	if bytes.TrimLeft(raw, " \t\r\n")[0] != '{' {
		return "is not a JSON object"
	}
	return ""
}
