package engine

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/sluice-go/sluice/engine/internal/secret"
)

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
