package engine

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine/internal/secret"
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
	if given.Reveal() != "Bot "+testToken || given.secret().Reveal() != testToken || none.Reveal() != "" {
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
		secret.Redacted:     "in its own place",
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
