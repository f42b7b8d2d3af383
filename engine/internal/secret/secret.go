// Package secret keeps a token out of everything that is printed: it holds the token,
// takes it out of what peers write (they may echo it), and shows URLs without what may
// be a secret in them.
package secret

import (
	"errors"
	"strings"
)

// Redacted stands wherever a token would otherwise be printed.
const Redacted = "[redacted]"

// Secret holds a token inside a function, where neither fmt, log/slog, an encoder nor a
// dumper that follows pointers finds it. The zero value holds none.
type Secret struct {
	reveal func() string
}

// New returns a secret; "" is none.
func New(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{reveal: func() string { return text }}
}

// Reveal returns the secret itself, "" for none.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// In reports whether a text holds the secret.
func (s Secret) In(text string) bool {
	secret := s.Reveal()
	return secret != "" && strings.Contains(text, secret)
}

// Redact takes the secret out of a text that a peer wrote or that quotes one.
func (s Secret) Redact(text string) string {
	if !s.In(text) {
		return text
	}
	return strings.ReplaceAll(text, s.Reveal(), Redacted)
}

// RedactError returns err, or, if a peer had it quote the secret, its bare text
// without.
func (s Secret) RedactError(err error) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); s.In(text) {
		return errors.New(s.Redact(text))
	}
	return err
}
