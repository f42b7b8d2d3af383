package lazyjson

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
)

// documents are JSON and not JSON, by the sections of RFC 8259.
var documents = []string{
	// 2: grammar, white space
	"", " ", "\t\n\r ", "null", " null ", "\t[\n1\r,\n2 ]", "\v1", "\f1", "\u00a01", "\ufeff1", "1 2", "null,", ",", ":", "]", "}",
	// 3: values
	"true", "false", "nul", "nulL", "tru", "True", "falsee", "fals", "NaN", "Infinity", "undefined", "t", "f", "n", "'a'",
	// 4: objects
	"{}", "{ }", `{"a":1}`, `{"a":1,"b":2}`, `{ "a" : 1 , "b" : 2 }`, `{"a":1,}`, `{,}`, `{"a"}`, `{"a":}`, `{"a":1`, `{"a"`, `{"a`,
	`{"a":`, `{`, `{"a" 1}`, `{"a":1 "b":2}`, `{a:1}`, `{1:1}`, `{"a":1]`, `{"a":1,"a":2}`, `{"":""}`, `{"a":1,,"b":2}`, `{"a":{}`, `{"a":1,`,
	// 5: arrays
	"[]", "[ ]", "[1]", "[1,2]", "[1,]", "[,1]", "[,]", "[1", "[1,", "[", "[1 2]", "[1}", "[[]]", "[[],[]]", "[{}]", "[1,,2]", "[]]",
	// 6: numbers
	"0", "-0", "1", "-1", "10", "1.5", "-1.5e+10", "1e5", "1E-5", "1e+05", "0.0", "0e0", "00", "01", "-01", "+1", "-", "1.", ".5", "1e",
	"1e+", "1e-", "1.e5", "0x1", "1_000", "1e5.5", "--1", "-a", "0.", "0e", "1.5.5", "123456789012345678901234567890", "[0,-0,1.25E2]",
	// 7: strings
	`""`, `"a"`, `"\""`, `"\\"`, `"\/\b\f\n\r\t"`, `"\u00e9"`, `"\uD83D\uDE00"`, `"\ud83d"`, `"\u00E"`, `"\u00Eg"`, `"\u`, `"\`, `"\x"`,
	`"\'"`, `"a`, `"`, "\"\x00\"", "\"\x1f\"", "\"\x7f\"", "\"\n\"", "\"é\"", "\"\xff\"", "\"1234567\x01\"", `"12345678\u12"`, `"12345678\q"`,
}

func TestValid(t *testing.T) {
	for _, doc := range documents {
		checkValid(t, []byte(doc))
		checkValid(t, []byte(`{"d":[`+doc+`]}`))
		checkValid(t, []byte(doc+"           "))
	}
	ordered, behind := messageCreate(t)
	for n := range ordered {
		checkValid(t, ordered[:n])
		checkValid(t, behind[n:])
	}
	checkValid(t, ordered)
	checkValid(t, behind)
}

// checkValid compares the verdict with that of encoding/json, and the place of the
// error with the grammar.
func checkValid(t *testing.T, doc []byte) {
	t.Helper()
	if got, want := Valid(doc), json.Valid(doc); got != want {
		t.Errorf("Valid(%q) = %v, encoding/json %v", doc, got, want)
	}
	err, at := Check(doc), wrongAt(doc)
	if (err == nil) != Valid(doc) || (err == nil) != (at < 0) {
		t.Errorf("Check(%q) = %v, Valid %v, grammar: %d", doc, err, Valid(doc), at)
	}
	if err == nil {
		return
	}
	var syntax *SyntaxError
	if !errors.As(err, &syntax) || syntax.Reason == "" || syntax.Offset != int64(at) {
		t.Errorf("Check(%q) = %#v, the first wrong byte is at %d", doc, err, at)
	}
	if syntax != nil && at < len(doc) && syntax.Reason == reasonEnd {
		t.Errorf("Check(%q) = %v, which is not the end", doc, err)
	}
}

func TestValidDepth(t *testing.T) {
	for _, depth := range []int{1, 63, 64, 65, 127, 128, 129, 191, 192, 193, MaxDepth - 1, MaxDepth, MaxDepth + 1, 3 * MaxDepth} {
		var open, close strings.Builder
		closers := make([]byte, 0, depth)
		for i := range depth { // arrays and objects in a pattern that does not repeat with 64
			if i%3 == 0 || i%7 == 0 {
				open.WriteString(`{"k":`)
				closers = append(closers, '}')
			} else {
				open.WriteString(`[0,`)
				closers = append(closers, ']')
			}
		}
		for i := range closers {
			close.WriteByte(closers[len(closers)-1-i])
		}
		doc := open.String() + "1" + close.String()
		want := depth <= MaxDepth
		if got := Valid([]byte(doc)); got != want {
			t.Errorf("Valid at depth %d = %v", depth, got)
		}
		if got := json.Valid([]byte(doc)); got != want {
			t.Errorf("encoding/json at depth %d = %v", depth, got)
		}
		if want {
			// One bracket of the other kind in the middle of the closing ones.
			at := len(doc) - len(closers)/2 - 1
			wrong := []byte(doc)
			wrong[at] ^= ']' ^ '}'
			if Valid(wrong) {
				t.Errorf("Valid at depth %d with a wrong bracket", depth)
			}
		}
	}
	if err := Check([]byte(strings.Repeat("[", MaxDepth) + "[]")); err == nil || !strings.Contains(err.Error(), "deep at offset 10000") {
		t.Errorf("Check of an empty array too deep = %v", err)
	}
}

func FuzzValid(f *testing.F) {
	for _, doc := range documents {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, doc []byte) { checkValid(t, doc) })
}
