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

// TestToken: what it shows in its own place, and where the secret is.
func TestToken(t *testing.T) {
	var none Token
	given := NewToken("Bot " + testToken)
	if got := fmt.Sprintf("%v|%s|%q|%12s|%#v", given, given, given, given, given); got != `[redacted]|[redacted]|"[redacted]"|  [redacted]|engine.NewToken("[redacted]")` {
		t.Error(got)
	}
	if got := fmt.Sprintf("%v|%#v", none, NewToken("")); got != `|engine.NewToken("")` {
		t.Errorf("no token: %s", got)
	}
	if given.Reveal() != "Bot "+testToken || given.secret() != testToken || none.Reveal() != "" {
		t.Error("the token itself is gone")
	}
	var read struct{ Token Token }
	if err := json.Unmarshal([]byte(`{"Token":"`+testToken+`"}`), &read); err != nil || read.Token.Reveal() != testToken {
		t.Errorf("from JSON: %q, %v", read.Token.Reveal(), err)
	}
	if text, err := json.Marshal(read); err != nil || string(text) != `{"Token":"[redacted]"}` {
		t.Errorf("to JSON: %s, %v", text, err)
	}
}

func TestTokenCheck(t *testing.T) {
	for token, want := range map[string]string{
		testToken:           "",
		"Bot " + testToken:  "",
		"":                  "is empty",
		"Bot ":              "is empty",
		"Bearer abc":        "OAuth2",
		"mfa.abc":           "user",
		testToken + "\n":    "white space",
		"Bot " + "a b":      "white space",
		"\"" + "tök" + "\"": "outside ASCII",
		"abc\x00def":        "control",
		"  " + "abc ":       "white space",
		redacted:            "in its own place",
	} {
		err := NewToken(token).check()
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v", token, err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%q: %v, want %s", token, err, want)
		case err != nil && len(token) > 5 && strings.Contains(err.Error(), token):
			t.Errorf("%q is quoted", token)
		}
	}
}

// TestLogRedacts whatever carries the token into the log.
func TestLogRedacts(t *testing.T) {
	var out bytes.Buffer
	l := newLogger(slog.New(slog.NewTextHandler(&out, nil)), NewToken(testToken))
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
	if redactError(nil, NewToken("x")) != nil {
		t.Error("nil")
	}
	if err := redactError(errReset, NewToken(testToken)); err != errReset {
		t.Error("an error without the token is changed")
	}
	err := redactError(fmt.Errorf("a %w", errors.New("echo "+testToken)), NewToken(testToken))
	if text := fmt.Sprintf("%v %+v %#v %v", err, err, err, errors.Unwrap(err)); strings.Contains(text, testToken) {
		t.Error(text)
	}
}

// TestTokenHash tells tokens apart, and not what they are.
func TestTokenHash(t *testing.T) {
	hash := NewToken(testToken).Hash()
	if hash != NewToken("Bot "+testToken).Hash() || hash == NewToken("an.other.token").Hash() {
		t.Error("one token has two hashes, or two have one")
	}
	if len(hash) != 64 || strings.Contains(hash, testToken) {
		t.Error("the hash shows the token")
	}
}
