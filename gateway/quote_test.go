package gateway

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"
)

var quoteSeeds = []string{
	"", "plain", `"`, `\`, "a\"b\\c", "\x00\x01\b\t\n\v\f\r\x1f\x7f", "é世界🎲", "\xff", "a\xc3", "\xc3\x28",
	"\xe4\xb8", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\u2028\u2029", "</script>&", "\uFFFD", "x\xffy\xfe\"",
}

// checkQuoted holds appendQuoted against encoding/json, which writes other escapes but must read
// the same string back as from its own.
func checkQuoted(t *testing.T, s string) {
	t.Helper()
	got := appendQuoted([]byte("head"), s)
	if !strings.HasPrefix(string(got), "head") {
		t.Fatalf("appendQuoted(%q) lost what was before", s)
	}
	got = got[len("head"):]
	if !utf8.Valid(got) {
		t.Errorf("appendQuoted(%q) = %q is not valid UTF-8", s, got)
	}
	reference, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var back, want string
	if err := json.Unmarshal(got, &back); err != nil {
		t.Fatalf("appendQuoted(%q) = %s: %v", s, got, err)
	}
	if err := json.Unmarshal(reference, &want); err != nil {
		t.Fatal(err)
	}
	if back != want {
		t.Errorf("appendQuoted(%q) = %s reads back as %q, want %q", s, got, back, want)
	}
}

func TestAppendQuoted(t *testing.T) {
	for _, s := range quoteSeeds {
		checkQuoted(t, s)
	}
	for c := range 0x300 {
		checkQuoted(t, string([]byte{byte(c >> 8), byte(c)}))
		checkQuoted(t, "a"+string(rune(c))+"b")
	}
}

func FuzzAppendQuoted(f *testing.F) {
	for _, s := range quoteSeeds {
		f.Add(s)
	}
	f.Fuzz(checkQuoted)
}
