package engine

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

// TestTokenRedactsItself alone and inside of other values.
func TestTokenRedactsItself(t *testing.T) {
	secret := Token(testToken)
	config := Config{Token: secret}
	var texts []string
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%t", "%z"} {
		for _, x := range []any{secret, &secret, config, &config, []Token{secret}, map[Token]Token{secret: secret}} {
			texts = append(texts, fmt.Sprintf(verb, x))
		}
	}
	for _, x := range []any{secret, config.Token, map[string]any{"t": secret}, []Token{secret}, &secret} {
		b, err := json.Marshal(x)
		if err != nil {
			t.Error(err)
		}
		texts = append(texts, string(b))
	}
	var log bytes.Buffer
	for _, h := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		slog.New(h).Info("x", "token", secret, "config", config.Token, slog.Group("g", "token", secret))
	}
	texts = append(texts, log.String())
	hex := fmt.Sprintf("%x", testToken)
	for _, text := range texts {
		if strings.Contains(text, testToken) || strings.Contains(strings.ToLower(text), hex) {
			t.Errorf("shows the token: %s", text)
		}
	}
	if got := fmt.Sprint(secret); got != "[redacted]" {
		t.Errorf("%s", got)
	}
	if got := fmt.Sprintf("%v|%#v", Token(""), Token("")); got != `|engine.Token("")` {
		t.Errorf("an empty token: %s", got)
	}
	if string(secret) != testToken {
		t.Error("the token itself is gone")
	}
}

func TestTokenCheck(t *testing.T) {
	for token, want := range map[Token]string{
		testToken:            "",
		"Bot " + testToken:   "",
		"":                   "is empty",
		"Bot ":               "is empty",
		"Bearer abc":         "OAuth2",
		"mfa.abc":            "user",
		testToken + "\n":     "white space",
		"Bot " + "a b":       "white space",
		"\"" + "tök" + "\"":  "outside ASCII",
		Token("abc\x00def"):  "control",
		Token("  " + "abc "): "white space",
	} {
		err := token.check()
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", string(token), err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %s", string(token), err, want)
		case err != nil && len(token) > 5 && strings.Contains(err.Error(), string(token)):
			t.Errorf("%q is quoted", string(token))
		}
	}
}

// TestLogRedacts whatever carries the token into the log.
func TestLogRedacts(t *testing.T) {
	var out bytes.Buffer
	l := newLogger(slog.New(slog.NewTextHandler(&out, nil)), testToken)
	err := fmt.Errorf("server says %s", testToken)
	l.Info("m "+testToken, "string", testToken, "error", err, "bytes", []byte(testToken), "stringer", stringer{}, testToken, 1,
		slog.Group("group", "inner", testToken, slog.Group("deeper", "x", err)), "number", 5, "nil", nil)
	l.With("a", testToken).WithGroup("g").Info("x", "b", "Bot "+testToken)
	if strings.Contains(out.String(), testToken) {
		t.Errorf("the token is logged:\n%s", out.String())
	}
	if n := strings.Count(out.String(), redacted); n != 10 {
		t.Errorf("%d redactions:\n%s", n, out.String())
	}
	if !strings.Contains(out.String(), "number=5") {
		t.Error("other values are lost")
	}
}

type stringer struct{}

func (stringer) String() string { return testToken }

func TestRedactError(t *testing.T) {
	if redactError(nil, "x") != nil {
		t.Error("nil")
	}
	if err := redactError(errReset, testToken); err != errReset {
		t.Error("an error without the token is changed")
	}
	err := redactError(fmt.Errorf("a %w", errors.New("echo "+testToken)), testToken)
	if text := fmt.Sprintf("%v %+v %#v %v", err, err, err, errors.Unwrap(err)); strings.Contains(text, testToken) {
		t.Error(text)
	}
}
