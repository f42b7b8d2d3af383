package lazyjson

import (
	"encoding/json"
	"testing"
	"unicode/utf8"
)

var texts = []string{
	`""`, `"a"`, `"caf\u00e9"`, `"café"`, `"\"\\\/\b\f\n\r\t"`, `"\u0000\u001f\u007f"`, `"\uD83D\uDE00 \ud83d\ude00"`, `"🎉"`,
	`"\ud83d"`, `"\ude00"`, `"\ud83dx"`, `"\ud83d\n"`, `"\ud83d\u0041"`, `"\ud83d\ud83d\ude00"`, `"\ude00\ud83d"`, `"\ud83d\ude0"`,
	`"\uFFFD"`, `"\uffff\u2028"`, "\"\xff\"", "\"a\xe2\x82\"", "\"\xe2\x82\\n\xac\"", "\"\xed\xa0\x80\"", "\"\xc0\xaf\\\\\"", "\"\xf4\x90\x80\x80\"",
}

func TestAppendString(t *testing.T) {
	for _, doc := range texts {
		var want string
		if json.Unmarshal([]byte(doc), &want) != nil {
			continue
		}
		v := ValueOf([]byte(doc))
		got, err := v.AppendString([]byte("prefix "))
		if err != nil || string(got) != "prefix "+want {
			t.Errorf("AppendString of %s = %q, %v, want %q", doc, got, err, want)
		}
		if !utf8.Valid(got) {
			t.Errorf("AppendString of %s is no UTF-8", doc)
		}
		if utf8.ValidString(doc) {
			for _, other := range []string{want, want + "x", "x" + want, "", want[:len(want)/2]} {
				if v.EqualString(other) != (want == other) {
					t.Errorf("EqualString(%q) of %s = %v", other, doc, want != other)
				}
			}
		}
	}
	if dst, err := ValueOf([]byte("5")).AppendString([]byte("as it was")); err == nil || string(dst) != "as it was" {
		t.Errorf("AppendString of a number = %q, %v", dst, err)
	}
	for _, doc := range []string{"5", "", `"a`, `"a"b`} {
		if ValueOf([]byte(doc)).EqualString("a") {
			t.Errorf("%s equals a", doc)
		}
	}
	if v := ValueOf([]byte("\"\xff\"")); !v.EqualString("\xff") || v.EqualString("\ufffd") {
		t.Error("bytes that are no UTF-8 do not equal themselves alone")
	}
}
