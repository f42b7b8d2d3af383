package gatewire

import (
	"encoding/json"
	"strings"

	"github.com/sluice-go/sluice/gateway"
)

// Identify is the data of an identify (Discord: "Gateway Events", heading "Identify").
type Identify struct {
	Token          *string         `json:"token"`
	Intents        *uint64         `json:"intents"`
	Properties     *struct{}       `json:"properties"`
	Compress       Truth           `json:"compress"`
	LargeThreshold *int            `json:"large_threshold"`
	Shard          *[]int          `json:"shard"`
	Presence       json.RawMessage `json:"presence"`
}

// Truth is a boolean in the place of which some clients send something else: Oceanic.js has the name of
// the transport compression. That has always worked for its users, so it is no mistake here.
type Truth bool

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Truth) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "false", "null", "0", `""`:
		*t = false
	default:
		*t = true
	}
	return nil
}

// ParseIdentify reads the data of an identify.
func ParseIdentify(d json.RawMessage) (*Identify, *Refusal) {
	id := new(Identify)
	if json.Unmarshal(d, id) != nil || !isObject(id.Presence) {
		return nil, DecodeError
	}
	return id, nil
}

// isObject reports whether a field that may be left out is an object where it is there.
func isObject(d json.RawMessage) bool {
	return len(d) == 0 || d[0] == '{' || string(d) == "null"
}

// ShardOf returns the shard that the client identifies for. One that is absent is [0, 1].
func (id *Identify) ShardOf() (shard, count int) {
	if id.Shard != nil && len(*id.Shard) == 2 {
		return (*id.Shard)[0], (*id.Shard)[1]
	}
	return 0, 1
}

// Terms is what a gateway holds an identify against.
type Terms struct {
	// Accepts reports whether a client may show a token, without the prefix "Bot " that some keep in
	// front of it, as they do in the REST API's header. Discord lets them in.
	Accepts func(token string) bool

	// Shards reports whether there is such a shard, which lies within its count. nil stands for yes.
	Shards func(shard, count int) *Refusal

	// Allowed are the intents that a client may ask for.
	Allowed gateway.Intents
}

// Check judges an identify in the order in which mistakes matter; nil: there is none.
func (id *Identify) Check(t *Terms) *Refusal {
	shard, count := id.ShardOf()
	switch {
	case id.Token == nil || id.Properties == nil:
		return DecodeError
	case id.LargeThreshold != nil && (*id.LargeThreshold < 50 || *id.LargeThreshold > 250):
		return DecodeError
	case !t.Accepts(TrimToken(*id.Token)):
		return AuthenticationFailed
	case id.Shard != nil && len(*id.Shard) != 2 || shard < 0 || shard >= count:
		return InvalidShard
	}
	if r := t.Shards(shard, count); r != nil {
		return r
	}
	switch {
	case id.Intents == nil || gateway.Intents(*id.Intents)&^gateway.IntentsAll != 0:
		return InvalidIntents
	case gateway.Intents(*id.Intents)&^t.Allowed != 0:
		return DisallowedIntents
	}
	return nil
}

// Resume is the data of a resume (Discord: "Gateway Events", heading "Resume").
type Resume struct {
	Token     string
	SessionID string // "" for null
	Seq       int64  // 0 for null
}

// ParseResume reads the data of a resume, and takes "Bot " off its token. A session that is null is one that there
// is not: discord.py resumes so when its connection ended before READY, and over and over if it is closed for that.
func ParseResume(d json.RawMessage) (Resume, *Refusal) {
	var data struct {
		Token     *string         `json:"token"`
		SessionID json.RawMessage `json:"session_id"`
		Seq       json.RawMessage `json:"seq"`
	}
	r := Resume{}
	if json.Unmarshal(d, &data) != nil || data.Token == nil || data.SessionID == nil || data.Seq == nil ||
		json.Unmarshal(data.SessionID, &r.SessionID) != nil || json.Unmarshal(data.Seq, &r.Seq) != nil {
		return Resume{}, DecodeError
	}
	r.Token = TrimToken(*data.Token)
	return r, nil
}

// TrimToken takes off the prefix of the REST API's header.
func TrimToken(token string) string { return strings.TrimPrefix(token, "Bot ") }
