package engine

import (
	"errors"
	"strings"
)

// This file keeps the token out of what peers write: they may echo it.

// redactError returns err, or, if a peer had it quote the token, its bare text
// without.
func redactError(err error, token Token) error {
	if err == nil {
		return nil
	}
	if text := err.Error(); redact(text, token) != text {
		return errors.New(redact(text, token))
	}
	return err
}

// redact takes the token out of a text that a peer wrote or that quotes one.
func redact(text string, token Token) string {
	if !token.in(text) {
		return text
	}
	return strings.ReplaceAll(text, token.secret(), redacted)
}

// in reports whether a text holds the token.
func (t Token) in(text string) bool {
	secret := t.secret()
	return secret != "" && strings.Contains(text, secret)
}
