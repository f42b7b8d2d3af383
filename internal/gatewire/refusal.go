package gatewire

import "github.com/sluice-go/sluice/gateway"

// A Refusal is the close code that a client's mistake gets, and the reason beside it.
type Refusal struct {
	Code   gateway.CloseCode
	Reason string
}

// Error returns the code and the reason.
func (r *Refusal) Error() string { return r.Code.String() + ": " + r.Reason }

// What Discord answers mistakes with (Discord: "Opcodes and Status Codes", heading "Gateway Close Event
// Codes"). The reasons are Discord's own words. They are shared and never written.
var (
	UnknownOpcode        = &Refusal{gateway.CloseUnknownOpcode, "Unknown opcode."}
	DecodeError          = &Refusal{gateway.CloseDecodeError, "Error while decoding payload."}
	TooLarge             = &Refusal{gateway.CloseDecodeError, "Payload too large."}
	NotAuthenticated     = &Refusal{gateway.CloseNotAuthenticated, "Not authenticated."}
	AuthenticationFailed = &Refusal{gateway.CloseAuthenticationFailed, "Authentication failed."}
	AlreadyAuthenticated = &Refusal{gateway.CloseAlreadyAuthenticated, "Already authenticated."}
	InvalidSeq           = &Refusal{gateway.CloseInvalidSeq, "Invalid seq."}
	RateLimited          = &Refusal{gateway.CloseRateLimited, "You are being rate limited."}
	SessionTimedOut      = &Refusal{gateway.CloseSessionTimedOut, "Session timed out."}
	InvalidShard         = &Refusal{gateway.CloseInvalidShard, "Invalid shard."}
	ShardingRequired     = &Refusal{gateway.CloseShardingRequired, "Sharding required."}
	InvalidAPIVersion    = &Refusal{gateway.CloseInvalidAPIVersion, "Invalid API version."}
	InvalidIntents       = &Refusal{gateway.CloseInvalidIntents, "Invalid intent(s)."}
	DisallowedIntents    = &Refusal{gateway.CloseDisallowedIntents, "Disallowed intent(s)."}

	// NotUTF8 is a breach of RFC 6455, section 8.1.
	NotUTF8 = &Refusal{1007, "invalid UTF-8"}
)
