package engine

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

// redacted stands wherever a token would otherwise be printed.
const redacted = "[redacted]"

// Token is a bot's token. It shows itself as "[redacted]" in fmt, log/slog and
// JSON, so that it cannot slip into a log with the struct that carries it.
// string(t) is the way to the secret. Out of reach are the verbs %p and %w,
// which go vet reports for a token, and a token as the key of a map in JSON.
//
// The prefix "Bot " may stand in front of it or be left out. Only bot tokens are
// accepted: Discord forbids automating a user's account.
type Token string

// String returns "[redacted]", or "" for an empty token.
func (t Token) String() string {
	if t == "" {
		return ""
	}
	return redacted
}

// GoString implements [fmt.GoStringer] for %#v.
func (t Token) GoString() string { return fmt.Sprintf("engine.Token(%q)", t.String()) }

// Format implements [fmt.Formatter], so that no verb (%x, %q, …) shows the token.
func (t Token) Format(s fmt.State, verb rune) {
	if verb == 'v' && s.Flag('#') {
		_, _ = fmt.Fprint(s, t.GoString())
		return
	}
	_, _ = fmt.Fprint(s, t.String())
}

// LogValue implements [slog.LogValuer].
func (t Token) LogValue() slog.Value { return slog.StringValue(t.String()) }

// MarshalText implements encoding.TextMarshaler, which encoding/json uses too.
func (t Token) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// secret returns the token without its prefix.
func (t Token) secret() string {
	return strings.TrimPrefix(string(t), "Bot ")
}

// check reports what is wrong with the token, never showing it.
func (t Token) check() error {
	s := t.secret()
	switch {
	case s == "", s == "Bot":
		return errors.New("is empty; set it to the bot's token from Discord's developer portal")
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

// redactError returns err, or, if a peer had it quote the token, its bare text
// without.
func redactError(err error, secret string) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); redact(text, secret) != text {
		return errors.New(redact(text, secret))
	}
	return err
}

// redact takes the token out of a text that a peer wrote or that quotes one.
func redact(text, secret string) string {
	if secret == "" || !strings.Contains(text, secret) {
		return text
	}
	return strings.ReplaceAll(text, secret, redacted)
}
