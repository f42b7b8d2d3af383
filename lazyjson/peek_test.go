package lazyjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
)

// peeked is an envelope with its slices taken.
type peeked struct {
	op  int64
	seq int64
	typ string // with null for null or absent, in quotes otherwise
	d   string // empty for absent
}

func peek(t *testing.T, doc string) (peeked, error) {
	t.Helper()
	b := []byte(doc)
	e, err := Peek(b)
	checkInvariants(t, b, e, err)
	p := peeked{op: e.Op, seq: e.Seq, typ: "null", d: string(e.Data(b))}
	if e.TypeEnd != 0 {
		p.typ = strconv.Quote(string(e.AppendType(nil, b)))
	}
	return p, err
}

// checkInvariants checks what the comments of Envelope and Peek promise.
func checkInvariants(t *testing.T, b []byte, e Envelope, err error) {
	t.Helper()
	if err != nil {
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Reason == "" || syntax.Offset < 0 || syntax.Offset > int64(len(b)) {
			t.Fatalf("Peek(%q): %#v", b, err)
		}
		if e != (Envelope{Op: -1, Seq: -1}) {
			t.Fatalf("Peek(%q) = %+v beside %v", b, e, err)
		}
		return
	}
	ok := e.Op >= 0 && e.Seq >= -1
	if e.TypeStart != 0 || e.TypeEnd != 0 {
		ok = ok && 0 < e.TypeStart && e.TypeStart <= e.TypeEnd && e.TypeEnd < len(b) && b[e.TypeStart-1] == '"' && b[e.TypeEnd] == '"'
	}
	ok = ok && e.TypeEscaped == bytes.Contains(e.Type(b), []byte(`\`))
	if e.DataStart != 0 || e.DataEnd != 0 {
		ok = ok && 0 < e.DataStart && e.DataStart < e.DataEnd && e.DataEnd < len(b) && !isSpace(b[e.DataStart]) && !isSpace(b[e.DataEnd-1])
	}
	ok = ok && len(e.Type(b)) == cap(e.Type(b)) && len(e.Data(b)) == cap(e.Data(b))
	if !ok {
		t.Fatalf("Peek(%q) = %+v", b, e)
	}
}

func TestPeek(t *testing.T) {
	const maxInt64 = "9223372036854775807"
	for _, test := range []struct {
		doc  string
		want peeked
	}{
		// Discord's order: the short cut.
		{`{"t":"READY","s":1,"op":0,"d":{}}`, peeked{0, 1, `"READY"`, `{}`}},
		{`{"t":"A","s":48213,"op":0,"d":{"a":[]}}`, peeked{0, 48213, `"A"`, `{"a":[]}`}},
		{`{"t":"","s":0,"op":0,"d":[]}`, peeked{0, 0, `""`, `[]`}},
		{`{"t":"TYPING_START","s":1234567,"op":0,"d":[1]}` + "\n \t\r", peeked{0, 1234567, `"TYPING_START"`, `[1]`}},
		{`{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250} }`, peeked{10, -1, "null", `{"heartbeat_interval":41250}`}},
		{`{"t":"GUILD_CREATE","s":12345678,"op":0,"d":{}}`, peeked{0, 12345678, `"GUILD_CREATE"`, `{}`}},
		{`{"t":"GUILD_CREATE","s":9007199254740992,"op":0,"d":{}}`, peeked{0, 1 << 53, `"GUILD_CREATE"`, `{}`}},
		{`{"t":"GUILD_CREATE","s":` + maxInt64 + `,"op":43,"d":{}}`, peeked{43, math.MaxInt64, `"GUILD_CREATE"`, `{}`}},
		{`{"t":"A","s":1,"op":123456,"d":{}}`, peeked{123456, 1, `"A"`, `{}`}},
		// No opcode is cut, also where an int has 32 bits.
		{`{"t":"A","s":1,"op":256,"d":{}}`, peeked{1 << 8, 1, `"A"`, `{}`}},
		{`{"t":"A","s":1,"op":4294967295,"d":{}}`, peeked{1<<32 - 1, 1, `"A"`, `{}`}},
		{`{"t":"A","s":1,"op":4294967296,"d":{}}`, peeked{1 << 32, 1, `"A"`, `{}`}},
		{`{"t":"A","s":1,"op":` + maxInt64 + `,"d":{}}`, peeked{math.MaxInt64, 1, `"A"`, `{}`}},
		// Discord's order, and d no object.
		{`{"t":null,"s":null,"op":11,"d":null}`, peeked{11, -1, "null", `null`}},
		{`{"t":null,"s":null,"op":9,"d":false}`, peeked{9, -1, "null", `false`}},
		{`{"t":null,"s":null,"op":7}`, peeked{7, -1, "null", ``}},
		{`{"t":"A","s":1,"op":0,"d":"}"}`, peeked{0, 1, `"A"`, `"}"`}},
		{`{"t":"A","s":1,"op":1,"d":-12.5e3}`, peeked{1, 1, `"A"`, `-12.5e3`}},
		// Discord's order, and more behind d.
		{`{"t":"A","s":1,"op":0,"d":{"a":1},"meta":{"b":{}}}`, peeked{0, 1, `"A"`, `{"a":1}`}},
		{`{"t":"A","s":1,"op":0,"d":{"a":"}"},"meta":{"b":"{"}}`, peeked{0, 1, `"A"`, `{"a":"}"}`}},
		{`{"t":"A","s":1,"op":0,"d":{},"x":[{}],"meta":{}}`, peeked{0, 1, `"A"`, `{}`}},
		{`{"t":"A","s":1,"op":0,"d":[1],"x":[2]}`, peeked{0, 1, `"A"`, `[1]`}},
		{`{"t":"A","s":1,"op":0,"d":{"a":1} , "meta" : { } } `, peeked{0, 1, `"A"`, `{"a":1}`}},
		{`{"t":"A","s":1,"op":0,"d":{"a":1},"x":1}`, peeked{0, 1, `"A"`, `{"a":1}`}},
		{`{"t":"A","s":1,"op":0,"d":{"a":1},"x":[{}]}`, peeked{0, 1, `"A"`, `{"a":1}`}},
		{`{"t":"A","s":1,"op":0,"d":[1],"x":{}}`, peeked{0, 1, `"A"`, `[1]`}},
		{`{"t":"A","s":1,"op":0,"d":[1],"x":"]"}`, peeked{0, 1, `"A"`, `[1]`}},
		// Other orders, missing keys, unknown keys.
		{`{"op":0}`, peeked{0, -1, "null", ``}},
		{`{"op":-0,"s":-0}`, peeked{0, 0, "null", ``}},
		{`{"op":0,"d":{"t":"no","op":5},"s":7,"t":"YES"}`, peeked{0, 7, `"YES"`, `{"t":"no","op":5}`}},
		{`{"d":"\"}","op":0}`, peeked{0, -1, "null", `"\"}"`}},
		{`{"x":{"op":1},"y":[1,"]"],"z":null,"w":-1.5e-3,"op":2,"":true}`, peeked{2, -1, "null", ``}},
		{`{"T":"no","S":1,"OP":1,"D":1,"op":2}`, peeked{2, -1, "null", ``}},
		{`{"opp":1,"o":1,"op":2}`, peeked{2, -1, "null", ``}},
		// White space.
		{" \t\r\n{ \"t\" : \"A\" ,\n\"s\"\t:\r5 , \"op\" : 0 , \"d\" : { } } \n", peeked{0, 5, `"A"`, `{ }`}},
		{`{"t":"A","s":5,"op":0,"d": {}}`, peeked{0, 5, `"A"`, `{}`}},
		{`{"t":"A","s":5,"op":0 ,"d":{}}`, peeked{0, 5, `"A"`, `{}`}},
		{`{"t":"A","s":5 ,"op":0,"d":{}}`, peeked{0, 5, `"A"`, `{}`}},
		{`{"t":"A" ,"s":5,"op":0,"d":{}}`, peeked{0, 5, `"A"`, `{}`}},
		// Escapes in keys and in t.
		{`{"\u0074":"A","\u0073":5,"o\u0070":0,"\u0064":{}}`, peeked{0, 5, `"A"`, `{}`}},
		{`{"t":"MESS\u0041GE_CREATE","s":5,"op":0,"d":{}}`, peeked{0, 5, `"MESSAGE_CREATE"`, `{}`}},
		{`{"t":"\ud83c\udf89\"\\\/\b\f\n\r\t","op":0}`, peeked{0, -1, `"🎉\"\\/\b\f\n\r\t"`, ``}},
		{`{"\u0061 key that is too long":1,"op":0}`, peeked{0, -1, "null", ``}},
		{`{"\u0078":1,"\\t":1,"t\u0000":1,"op":0}`, peeked{0, -1, "null", ``}},
		{"{\"t\":\"\x80\",\"s\":1,\"op\":0,\"d\":{}}", peeked{0, 1, `"` + "\ufffd" + `"`, `{}`}},
		// What stands in d is not judged, behind the short cut and where it is
		// walked.
		{`{"t":"A","s":1,"op":0,"d":{nonsense}}`, peeked{0, 1, `"A"`, `{nonsense}`}},
		{`{"d":{nonsense,},"op":0}`, peeked{0, -1, "null", `{nonsense,}`}},
		{`{"d":[{nonsense]},"op":0}`, peeked{0, -1, "null", `[{nonsense]}`}},
	} {
		got, err := peek(t, test.doc)
		if err != nil || got != test.want {
			t.Errorf("Peek(%s) = %+v, %v, want %+v", test.doc, got, err, test.want)
		}
	}
}

func TestPeekErrors(t *testing.T) {
	for _, test := range []struct {
		doc    string
		offset int64
		reason string
	}{
		{``, 0, reasonEnd},
		{` `, 1, reasonEnd},
		{`null`, 0, "payload is no object"},
		{` [{"op":0}]`, 1, "payload is no object"},
		{`{}`, 2, "payload without op"},
		{`{"t":"A","s":1,"d":{}}`, 22, "payload without op"},
		{`{`, 1, reasonEnd},
		{`{"op":0`, 7, reasonEnd},
		{`{"op":0,`, 8, reasonEnd},
		{`{"op":0,}`, 8, "no key"},
		{`{,"op":0}`, 1, "no key"},
		{`{op:0}`, 1, "no key"},
		{`{"op"`, 5, reasonEnd},
		{`{"op" 0}`, 6, "no colon behind a key"},
		{`{"op":`, 6, reasonEnd},
		{`{"op":}`, 6, reasonInteger},
		{`{"op":0 "s":1}`, 8, "no comma and no closing bracket"},
		{`{"op":0]`, 7, "no comma and no closing bracket"},
		{`{"op":0}}`, 8, reasonTrailing},
		{`{"op":0} x`, 9, reasonTrailing},
		// Two payloads in one message, in Discord's order.
		{`{"t":null,"s":null,"op":11}{"t":"A","s":1,"op":0,"d":{}}`, 27, reasonTrailing},
		{`{"t":null,"s":null,"op":11,"d":{}}{"t":"A","s":1,"op":0,"d":{}}`, 34, reasonTrailing},
		{`{"t":"A","s":1,"op":0,"d":{"a":1}}` + "\n" + `{"t":"A","s":2,"op":0,"d":{"a":1}}`, 35, reasonTrailing},
		{`{"t":"A","s":1,"op":0,"d":[1]}[{"t":"A","s":2,"op":0,"d":[1]}`, 30, reasonTrailing},
		{`{"t":"A","s":1,"op":0,"d":{"a":1}},{"t":"A","s":2,"op":0,"d":{"a":1}}`, 34, reasonTrailing},
		{`{"t":"A","s":1,"op":0,"d":{"a":1},"op":7,"e":{}}`, 34, "key of the envelope comes twice"},
		{`{"t":"A","s":1,"op":0,"d":{"a":1}"x":{}}`, 33, "no comma and no closing bracket"},
		{`{"op":null}`, 6, reasonInteger},
		{`{"op":"0"}`, 6, reasonInteger},
		{`{"op":1.0}`, 6, reasonInteger},
		{`{"op":1e3}`, 6, reasonInteger},
		{`{"op":01}`, 7, "no comma and no closing bracket"},
		{`{"op":-}`, 7, "no digit in a number"},
		{`{"op":1.}`, 8, "no digit in a number"},
		{`{"op":-1}`, 6, "negative number"},
		{`{"op":9223372036854775808}`, 6, reasonRange},
		{`{"op":18446744073709551615}`, 6, reasonRange},
		{`{"op":18446744073709551616}`, 6, reasonRange},
		{`{"op":0,"s":-1}`, 12, "negative number"},
		{`{"op":0,"s":1.5}`, 12, reasonInteger},
		{`{"op":0,"s":9223372036854775808}`, 12, reasonRange},
		{`{"op":0,"s":99999999999999999999999999}`, 12, reasonRange},
		{`{"op":0,"s":nul}`, 15, "unknown word"},
		{`{"op":0,"s":true}`, 12, reasonInteger},
		{`{"op":0,"t":5}`, 12, "t is no string"},
		{`{"op":0,"t":nulL}`, 15, "unknown word"},
		{`{"op":0,"t":"A`, 14, reasonEnd},
		{`{"op":0,"t":"\x"}`, 14, "unknown escape"},
		{`{"op":0,"t":"\u00g0"}`, 17, "no hexadecimal digit in an escape"},
		{`{"op":0,"t":`, 12, reasonEnd},
		{"{\"op\":0,\"t\":\"\n\"}", 13, "control character in a string"},
		{"{\"t\":\"ABCDEFGH\x00\",\"s\":1,\"op\":0,\"d\":{}}", 14, "control character in a string"},
		{`{"op":0,"op":0}`, 8, "key of the envelope comes twice"},
		{`{"d":0,"op":0,"\u0064":0}`, 14, "key of the envelope comes twice"},
		{`{"op":0,"d":}`, 12, reasonValue},
		{`{"op":0,"d":{}`, 14, reasonEnd},
		{`{"op":0,"d":{"a":[}`, 19, reasonEnd},
		{`{"op":0,"d":flase}`, 13, "unknown word"},
		{`{"op":0,"x":tru}`, 15, "unknown word"},
		{`{"t":"A","s":1,"op":0,"d":}`, 26, reasonValue},
		{`{"t":"A","s":01,"op":0,"d":{}}`, 14, "no comma and no closing bracket"},
		{`{"t":"A","s":1,"op":00,"d":{}}`, 21, "no comma and no closing bracket"},
		{`{"t":"A","s":1,"op":0,"d":{}`, 28, reasonEnd},
		{`{"t":"A","s":1,"op":0,"d":{"a":1`, 32, reasonEnd},
		{`{"t":"A","s":1,"op":0,"d":[1}`, 29, reasonEnd},
		{`{"t":"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGH`, 40, reasonEnd},
		{`{"t":"ABCDEFGHIJKLMNOPQRSTUVW","s":1`, 36, reasonEnd},
		{`{"t":"ABCDEFGHIJKL","s":1234,"op":0`, 35, reasonEnd},
		{`{"t":"ABCDEFGHIJKL","s":12345678901`, 35, reasonEnd},
		{`{"t":"ABCDEFGHIJKL","s":123456,"op":0,"x`, 40, reasonEnd},
	} {
		_, err := peek(t, test.doc)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != test.offset || syntax.Reason != test.reason {
			t.Errorf("Peek(%s): %v, want %s at offset %d", test.doc, err, test.reason, test.offset)
		}
	}
	if err := (&SyntaxError{Offset: 7, Reason: "no key"}); err.Error() != "lazyjson: no key at offset 7" {
		t.Errorf("text of a SyntaxError: %s", err)
	}
}

// The short cut takes what Discord writes, however long t and s are, and says
// what the walk says.
func TestPeekShortCut(t *testing.T) {
	check := func(doc string, want bool) {
		t.Helper()
		short, ok := peekOrdered([]byte(doc))
		if ok != want {
			t.Errorf("short cut for %s: %v", doc, ok)
		}
		if walked, err := peekWalk([]byte(doc)); ok && (err != nil || walked != short) {
			t.Errorf("short cut for %s: %+v, walked %+v, %v", doc, short, walked, err)
		}
	}
	for n := range 40 {
		for digits := 1; digits <= 20; digits++ {
			name, seq := strings.Repeat("T", n), "98765432109876543210"[:digits]
			check(`{"t":"`+name+`","s":`+seq+`,"op":0,"d":{"a":[0]}}`, digits <= 15)
			check(`{"t":"`+name+`","s":0`+seq+`,"op":0,"d":{"a":[0]}}`, false)
			check(`{"t":null,"s":`+seq+`,"op":10,"d":{"a":"`+name+`"}}`, digits <= 15)
		}
		check(`{"t":null,"s":null,"op":`+strconv.Itoa(n)+`,"d":[{}]}`, true)
		check(`{"t":null,"s":null,"op":0`+strconv.Itoa(n)+`,"d":[{}]}`, false)
	}
	check(`{"t":null,"s":null,"op":100,"d":[{}]}`, false)
	check(`{"t":null,"s":null,"op":0,"d":[{}}`, false)
	check(`{"t":null,"s":nul,"op":0,"d":[{}]}`, false)
	check(`{"t":nulL,"s":null,"op":0,"d":[{}]}`, false)
	check(`{"t":null,"s":null,"op":0,"x":[{}]}`, false)
}

// In every order of keys, with and without white space, Peek says what
// encoding/json says.
func TestPeekEveryOrder(t *testing.T) {
	members := []string{`"t":"MESSAGE_CREATE"`, `"s":48213`, `"op":0`, `"d":{"content":"}\\\"{","embeds":[[],{}]}`, `"x":[{"op":1}]`}
	var orders func(taken []string, rest []string)
	orders = func(taken, rest []string) {
		if len(rest) == 0 {
			for _, space := range []string{"", " ", "\r\n\t "} {
				doc := space + "{" + space + strings.Join(taken, space+","+space) + space + "}" + space
				checkPeek(t, []byte(doc))
				checkPeek(t, []byte(strings.ReplaceAll(doc, `":`, `"`+space+":"+space)))
			}
		}
		for i := range rest {
			others := append(append([]string(nil), rest[:i]...), rest[i+1:]...)
			orders(append(taken, rest[i]), others)
		}
	}
	orders(nil, members)
	orders(nil, members[:4])
	ordered, behind := messageCreate(t)
	checkPeek(t, ordered)
	checkPeek(t, behind)
}

// checkPeek compares a valid document whose keys are all different with
// encoding/json.
func checkPeek(t *testing.T, b []byte) {
	t.Helper()
	var want struct {
		Op int64           `json:"op"`
		S  *int64          `json:"s"`
		T  *string         `json:"t"`
		D  json.RawMessage `json:"d"`
	}
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatalf("encoding/json on %s: %v", b, err)
	}
	e, err := Peek(b)
	if err != nil {
		t.Fatalf("Peek(%s): %v", b, err)
	}
	checkInvariants(t, b, e, err)
	if e.Op != want.Op || e.Seq != *want.S || string(e.AppendType(nil, b)) != *want.T || !bytes.Equal(e.Data(b), want.D) {
		t.Fatalf("Peek(%s) = %+v", b, e)
	}
}

// Whatever bytes are missing or changed, nothing panics and no position leaves
// the payload.
func TestPeekDamaged(t *testing.T) {
	for _, doc := range []string{
		`{"t":"GUILD_CREATE","s":48213,"op":0,"d":{"a":"\"}"}}`,
		`{"d":{"a":"\"}"},"op":0,"t":"GUILD\u005fCREATE","s":48213}`,
	} {
		for n := range len(doc) + 1 {
			_, _ = peek(t, doc[:n])
			_, _ = peek(t, doc[n:])
		}
		for i := range len(doc) {
			for _, c := range "\x00\"\\{}[]:, 0n\xff" {
				b := []byte(doc)
				b[i] = byte(c)
				_, _ = peek(t, string(b))
			}
		}
	}
}

func ExamplePeek() {
	b := []byte(`{"t":"TYPING_START","s":42,"op":0,"d":{"user_id":"80351110224678912"}}`)
	e, err := Peek(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("op %d, s %d, t %s, d %s\n", e.Op, e.Seq, e.Type(b), e.Data(b))
	// Output: op 0, s 42, t TYPING_START, d {"user_id":"80351110224678912"}
}

// Of a payload that is cut off anywhere, nothing is wrong but that; of one that is
// damaged, something is.
func TestPeekTruncated(t *testing.T) {
	for _, doc := range []string{
		`{"t":"MESS\u0041GE_CREATE","s":48213,"op":0,"d":{"a":"\"}\u00e9","b":[-1.5e3,true,null]},"x":[1.25E-1]}`,
		`{"d":-12.5e+3,"op":1,"\u0074":null,"s":1}`,
	} {
		for n := range len(doc) {
			_, err := peek(t, doc[:n])
			var syntax *SyntaxError
			if !errors.As(err, &syntax) || !syntax.Truncated() || syntax.Offset != int64(n) {
				t.Errorf("%s: %v", doc[:n], err)
			}
		}
	}
	for _, doc := range []string{`{"op":0}}`, `{"op":tru}`, `{"op":0 "`, `[`} {
		_, err := peek(t, doc)
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Truncated() {
			t.Errorf("%s: %v", doc, err)
		}
	}
}
