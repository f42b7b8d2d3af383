package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/sluice-go/sluice/engine/internal/secret"
	"github.com/sluice-go/sluice/gateway"
)

// Compression is how the gateway compresses what it sends.
type Compression uint8

const (
	// ZlibStream is transport compression with one zlib stream a connection.
	// It is the default: every gateway and proxy knows it, and a connection
	// needs the least memory.
	ZlibStream Compression = iota
	// ZstdStream is transport compression with one zstd frame a connection.
	ZstdStream
	// PayloadCompression has Discord compress each large payload by itself.
	PayloadCompression
	// NoCompression has everything sent as plain text.
	NoCompression
)

var compressionNames = [...]string{"zlib-stream", "zstd-stream", "payload", "none"}

// String returns "zlib-stream", "zstd-stream", "payload" or "none".
func (c Compression) String() string {
	if int(c) < len(compressionNames) {
		return compressionNames[c]
	}
	return fmt.Sprintf("Compression(%d)", uint8(c))
}

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (c Compression) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// ParseCompression is the inverse of [Compression.String]; "zlib" and "zstd"
// are accepted for short.
func ParseCompression(s string) (Compression, error) {
	switch s {
	case "zlib", "zlib-stream":
		return ZlibStream, nil
	case "zstd", "zstd-stream":
		return ZstdStream, nil
	case "payload":
		return PayloadCompression, nil
	case "none":
		return NoCompression, nil
	}
	return 0, fmt.Errorf("engine: unknown compression %q: choose zlib, zstd, payload or none", s)
}

// query returns the value of the URL parameter compress, "" for none.
func (c Compression) query() string {
	switch c {
	case ZlibStream, ZstdStream:
		return c.String()
	}
	return ""
}

// Shards says which shards an engine runs: Count of them, from First on, out of Total.
// The zero value means all of the number that Discord recommends. A Count of 0 means
// all from First on, so that Shards{Total: 16} is all of 16.
type Shards struct {
	First int // the lowest id
	Count int // how many; 0: all from First on
	Total int // that the bot's guilds are spread over
}

// ShardRange returns the shards from first to last, both included, out of total.
func ShardRange(first, last, total int) Shards {
	if last < first {
		return Shards{First: first, Count: -1, Total: total} // which is refused
	}
	return Shards{First: first, Count: last - first + 1, Total: total}
}

// String returns "FIRST-LAST/TOTAL", or "recommended" for the zero value.
func (s Shards) String() string {
	if s == (Shards{}) {
		return "recommended"
	}
	s = s.resolve(0)
	return fmt.Sprintf("%d-%d/%d", s.First, s.last(), s.Total)
}

// resolve fills in what a zero value and a Count of 0 mean.
func (s Shards) resolve(recommended int) Shards {
	if s == (Shards{}) {
		s.Total = recommended
	}
	if s.Count == 0 {
		s.Count = s.Total - s.First
	}
	return s
}

// last returns the highest id. Count must be resolved.
func (s Shards) last() int { return s.First + s.Count - 1 }

// valid reports whether s is the zero value or a range within its total.
func (s Shards) valid() bool {
	if s == (Shards{}) {
		return true
	}
	return 0 <= s.First && s.First < s.Total && s.Total <= gateway.MaxShards && 0 <= s.Count && s.Count <= s.Total-s.First
}

// Driver is how an engine reads its connections.
type Driver uint8

const (
	// AutoDriver takes event loops where the system has them (Linux), which need
	// the least time and memory, and PortableDriver elsewhere.
	AutoDriver Driver = iota
	// PortableDriver gives each shard a goroutine that blocks in a read. It works
	// on every system.
	PortableDriver
)

// check says why shards cannot be added whatever else there is.
func (s Shards) check() error {
	if s.Total == 0 || !s.valid() {
		return fmt.Errorf("engine: %v are no shards to add: name a Total, and 0 ≤ First, 0 ≤ Count, First + Count ≤ Total ≤ %d", s, gateway.MaxShards)
	}
	return nil
}

// Token is a bot's token. It holds the secret inside a function, where neither fmt,
// log/slog, an encoder nor a dumper that follows pointers finds it, however deep in
// other values it lies; where its methods are called it shows itself as
// "[redacted]". [Token.Reveal] is the way to the secret. Whether two tokens are the
// same is told by [Token.Hash].
//
// Make one with [NewToken]; the zero value is no token.
type Token struct {
	reveal func() string // nil: no token
}

// NewToken returns a bot's token. The prefix "Bot " may stand in front of it or be
// left out; [New] checks it. Only bot tokens are accepted: Discord forbids
// automating a user's account.
func NewToken(token string) Token {
	if token == "" {
		return Token{}
	}
	return Token{reveal: func() string { return token }}
}

// Reveal returns the secret, as NewToken or UnmarshalText got it.
func (t Token) Reveal() string {
	if t.reveal == nil {
		return ""
	}
	return t.reveal()
}

// String returns "[redacted]", or "" for no token.
func (t Token) String() string {
	if t.reveal == nil {
		return ""
	}
	return secret.Redacted
}

// GoString implements [fmt.GoStringer] for %#v.
func (t Token) GoString() string { return fmt.Sprintf("engine.NewToken(%q)", t.String()) }

// Format implements [fmt.Formatter]: all verbs (%x, %q, …) print the same.
func (t Token) Format(s fmt.State, verb rune) { formatAs(s, verb, t.String(), t.GoString()) }

// LogValue implements [slog.LogValuer].
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too. It
// returns "[redacted]": a token is read from a configuration, never written to one.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, so that a token can be read
// from a configuration file or a flag.
func (t *Token) UnmarshalText(text []byte) error {
	*t = NewToken(string(text))
	return nil
}

// Hash returns what tells one token from another without telling the token: 64
// hexadecimal digits. A snapshot carries it.
//
// It is a plain SHA-256. Salt and a slow function protect what can be guessed;
// the last part of a token is a signature of at least 160 bits, which cannot be,
// and the rest (the bot's id and a time) is no secret.
func (t Token) Hash() string {
	sum := sha256.Sum256([]byte("sluice session store\n" + t.secret().Reveal()))
	return hex.EncodeToString(sum[:])
}

// secret returns the token without its prefix.
func (t Token) secret() secret.Secret { return secret.New(strings.TrimPrefix(t.Reveal(), "Bot ")) }

// check reports what is wrong with the token, never showing it.
func (t Token) check() error {
	s := t.secret().Reveal()
	switch {
	case s == "", s == "Bot":
		return errors.New("is empty; set it to the bot's token from Discord's developer portal")
	case s == secret.Redacted:
		return errors.New("is what a token shows in its own place; set it to the token itself")
	case strings.HasPrefix(s, "Bearer "):
		return errors.New("is an OAuth2 bearer token; the gateway takes a bot's token")
	case strings.HasPrefix(s, "mfa."):
		return errors.New("is a user's token; Discord forbids automating user accounts, use a bot's token")
	}
	for _, r := range s {
		if r <= ' ' || r >= 0x7f {
			return errors.New("contains white space, a control character or a character outside ASCII; copy it again, without quotes or line breaks")
		}
	}
	return nil
}

// formatAs prints a text whatever the verb: %q quotes it, and %#v prints it in Go's
// syntax.
func formatAs(s fmt.State, verb rune, text, syntax string) {
	switch {
	case verb == 'v' && s.Flag('#'):
		_, _ = io.WriteString(s, syntax)
	case verb == 'q':
		_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), text)
	default:
		_, _ = fmt.Fprintf(s, fmt.FormatString(s, 's'), text)
	}
}
