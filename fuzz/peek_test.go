package fuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/lazyjson"
)

// FuzzPeek holds lazyjson.Peek to its comment: positions inside the payload
// whatever it is, and for a valid document whose keys are in order the answer
// of encoding/json.
func FuzzPeek(f *testing.F) {
	for _, doc := range []string{
		`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["[\"gateway-prd-main-858d\",{\"micros\":0.0}]"]}}`,
		`{"t":"TYPING_START","s":48213,"op":0,"d":{"user_id":"80351110224678912","timestamp":1794759683}}`,
		`{"d":{"user_id":"80351110224678912","timestamp":1794759683},"op":0,"s":48213,"t":"TYPING_START"}`,
		" {\n \"o\\u0070\" : 11 , \"t\" : null , \"x\":[{}], \"d\" : \"}\" }\r\n",
		`{"t":"A","s":9007199254740992,"op":0,"d":{"a":1},"x":[1]}`,
		`{"t":"MESS\u0041GE_CREATE","s":1,"op":0,"d":[]}`,
		`{"t":"A","s":1,"op":0,"d":{"a":[{"b":"}"}]},"meta":{"c":{}}}`,
		`{"t":"A","s":1,"op":0,"d":{"a":"a string that is longer than a block of sixty-four bytes"},"meta":{"c":"another string"}}`,
		`{"t":"A","s":1,"op":0,"d":{"a":1}}{"t":"A","s":2,"op":0,"d":{"a":1}}`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		e, err := lazyjson.Peek(b)
		if err != nil {
			checkSyntaxError(t, b, err)
			if e != (lazyjson.Envelope{Op: -1, Seq: -1}) {
				t.Fatalf("Peek(%q) = %+v beside %v", b, e, err)
			}
		} else {
			checkEnvelope(t, b, e)
		}
		if json.Valid(b) {
			checkPeekAgrees(t, b, e, err)
		}
	})
}

// checkEnvelope checks what the comment of Envelope promises.
func checkEnvelope(t *testing.T, b []byte, e lazyjson.Envelope) {
	t.Helper()
	isSpace := func(c byte) bool { return strings.IndexByte(" \t\r\n", c) >= 0 }
	ok := e.Op >= 0 && e.Seq >= -1
	if e.TypeStart != 0 || e.TypeEnd != 0 {
		ok = ok && 0 < e.TypeStart && e.TypeStart <= e.TypeEnd && e.TypeEnd < len(b) && b[e.TypeStart-1] == '"' && b[e.TypeEnd] == '"'
	}
	if e.DataStart != 0 || e.DataEnd != 0 {
		ok = ok && 0 < e.DataStart && e.DataStart < e.DataEnd && e.DataEnd < len(b) && !isSpace(b[e.DataStart]) && !isSpace(b[e.DataEnd-1])
	}
	if !ok || e.TypeEscaped != bytes.ContainsRune(e.Type(b), '\\') {
		t.Fatalf("Peek(%q) = %+v", b, e)
	}
	if last := bytes.TrimRight(b, " \t\r\n"); last[len(last)-1] != '}' {
		t.Fatalf("Peek(%q) = %+v, and the last byte is no }", b, e)
	}
}

// checkPeekAgrees compares what Peek returned for the valid document b with
// encoding/json.
func checkPeekAgrees(t *testing.T, b []byte, e lazyjson.Envelope, err error) {
	t.Helper()
	if !plainEnvelope(b) {
		return
	}
	var want struct {
		Op *int64          `json:"op"`
		S  *int64          `json:"s"`
		T  *string         `json:"t"`
		D  json.RawMessage `json:"d"`
	}
	wantErr := json.Unmarshal(b, &want)
	if wantErr == nil && (want.Op == nil || *want.Op < 0 || want.S != nil && *want.S < 0) {
		wantErr = errors.New("op missing, or a negative number")
	}
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("Peek(%q): %v, encoding/json: %v", b, err, wantErr)
	}
	if err != nil {
		return
	}
	seq := int64(-1)
	if want.S != nil {
		seq = *want.S
	}
	if e.Op != *want.Op || e.Seq != seq {
		t.Fatalf("Peek(%q) = %+v, encoding/json: op %d, s %d", b, e, *want.Op, seq)
	}
	if (e.TypeEnd != 0) != (want.T != nil) || want.T != nil && string(e.AppendType(nil, b)) != *want.T {
		t.Fatalf("Peek(%q) = %+v, encoding/json: t %v", b, e, want.T)
	}
	if !bytes.Equal(e.Data(b), want.D) {
		t.Fatalf("Peek(%q) = %+v, encoding/json: d %q", b, e, want.D)
	}
}

// plainEnvelope reports whether in the valid document b no key of the envelope is
// repeated or written in another case. Nor is it null, which encoding/json takes
// for an object without keys.
func plainEnvelope(b []byte) bool {
	dec := json.NewDecoder(bytes.NewReader(b))
	if start, err := dec.Token(); err != nil || start != json.Delim('{') {
		return err == nil && start != nil
	}
	seen := map[string]bool{}
	for dec.More() {
		token, err := dec.Token()
		if err != nil {
			return false
		}
		key := token.(string)
		for _, name := range []string{"t", "s", "op", "d"} {
			if strings.EqualFold(key, name) {
				if key != name || seen[name] {
					return false
				}
				seen[name] = true
			}
		}
		if err := dec.Decode(new(json.RawMessage)); err != nil {
			return false
		}
	}
	return true
}

// checkSyntaxError checks that err names a place in b and a reason.
func checkSyntaxError(t *testing.T, b []byte, err error) {
	t.Helper()
	var syntax *lazyjson.SyntaxError
	if !errors.As(err, &syntax) || syntax.Reason == "" || syntax.Offset < 0 || syntax.Offset > int64(len(b)) {
		t.Fatalf("%q: %#v", b, err)
	}
}
