package decode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/lazyjson"
)

// message is an event with every type of field that could hold on to the bytes
// it was decoded from.
type message struct {
	ID       string          `json:"id"`
	Content  *string         `json:"content"`
	Mentions []string        `json:"mention_roles"`
	Member   json.RawMessage `json:"member"`
	Author   map[string]any  `json:"author"`
	Kind     json.Number     `json:"type"`
	Flags    any             `json:"flags"`
	Channel  textID          `json:"channel_id"`
	Nonce    jsonID          `json:"nonce"`
	Data     []byte          `json:"data"`
	TTS      bool            `json:"tts"`
	Color    int32           `json:"color"`
	Ratio    float64         `json:"ratio"`
}

// textID keeps what UnmarshalText was given.
type textID []byte

func (id *textID) UnmarshalText(b []byte) error {
	*id = b
	return nil
}

// jsonID keeps what UnmarshalJSON was given.
type jsonID []byte

func (id *jsonID) UnmarshalJSON(b []byte) error {
	*id = b
	return nil
}

const event = ` {"id":"1302643512389279745","content":"caf\u00e9 \"zoe\" 🎉","mention_roles":["197038439483310086","plain"],
	"member":{"nick":null,"roles":[]},"author":{"id":"7","bot":false,"n":1e3},"type":19,"flags":[null,"x"],"channel_id":"381887113391505410",
	"nonce":"1302643511907000320","data":"c2x1aWNl","tts":true,"color":-5,"ratio":0.25,"unknown":{"deep":[{}]}} `

func TestInto(t *testing.T) {
	var got, want message
	if err := Into([]byte(event), &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(event), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, encoding/json %+v", got, want)
	}
}

// What was decoded stays what it was when the borrowed bytes are overwritten.
func TestIntoHoldsNothing(t *testing.T) {
	data := []byte(event)
	var got, want message
	if err := Into(data, &got); err != nil {
		t.Fatal(err)
	}
	var all any
	if err := Into(data, &all); err != nil {
		t.Fatal(err)
	}
	var number int
	bad := []byte(`"no number"`)
	err := Into(bad, &number)
	before := fmt.Sprint(err)
	for _, b := range [][]byte{data, bad} {
		for i := range b {
			b[i] = 0xcc
		}
	}
	if err := json.Unmarshal([]byte(event), &want); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, encoding/json %+v", got, want)
	}
	var wantAll any
	if err := json.Unmarshal([]byte(event), &wantAll); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(all, wantAll) {
		t.Errorf("%v, encoding/json %v", all, wantAll)
	}
	if err == nil || fmt.Sprint(err) != before {
		t.Errorf("error %v, was %s", err, before)
	}
}

func TestIntoErrors(t *testing.T) {
	var into struct {
		ID  string `json:"id"`
		Num int    `json:"num"`
	}
	for doc, offset := range map[string]int64{"": 0, "{": 1, `{"id":}`: 6, `{"id":"a"} x`: 11, `{"num":01}`: 8, `{"unknown":[tru]}`: 15, "{\"id\":\"\n\"}": 7} {
		err := Into([]byte(doc), &into)
		var syntax *lazyjson.SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != offset || !strings.HasPrefix(err.Error(), "decode: lazyjson: ") {
			t.Errorf("Into(%q) = %v, want a syntax error at offset %d", doc, err, offset)
		}
	}
	for doc, v := range map[string]any{
		`{"num":"x"}`: &into, `{"num":1.5}`: &into, `{"num":99999999999999999999}`: &into, `[]`: &into, `{}`: into, `1`: nil, `2`: (*int)(nil),
	} {
		err := Into([]byte(doc), v)
		var syntax *lazyjson.SyntaxError
		if err == nil || errors.As(err, &syntax) || !strings.HasPrefix(err.Error(), "decode: ") || errors.Unwrap(err) == nil {
			t.Errorf("Into(%q, %T) = %v", doc, v, err)
		}
		if json.Unmarshal([]byte(doc), v) == nil {
			t.Errorf("encoding/json takes %q into %T", doc, v)
		}
	}
}

// Nesting from a peer ends in an error, not in the stack.
func TestIntoDeep(t *testing.T) {
	for _, doc := range []string{strings.Repeat("[", 1<<20), strings.Repeat(`{"a":`, 1<<20), strings.Repeat("[", 1<<20) + strings.Repeat("]", 1<<20)} {
		var into any
		if err := Into([]byte(doc), &into); err == nil {
			t.Errorf("Into takes %.10s… of %d bytes", doc, len(doc))
		}
		var unknown struct{}
		if err := Into([]byte(`{"unknown":`+doc+`}`), &unknown); err == nil {
			t.Errorf("Into takes an unknown field of %.10s… of %d bytes", doc, len(doc))
		}
	}
}

func TestIntoAgrees(t *testing.T) {
	payload, err := os.ReadFile("../testdata/message_create.json")
	if err != nil {
		t.Fatal(err)
	}
	docs := []string{string(payload), "null", "true", " 1 ", "-0", "1e5", `"\ud83d\ude00"`, `"\ud83d"`, "\"\xff\"", `{"a":1,"a":2}`, "[]", `{"":{}}`, "1 2", "nul", "[1,]", "\"\x01\""}
	for _, doc := range docs {
		var got, want any
		err, wantErr := Into([]byte(doc), &got), json.Unmarshal([]byte(doc), &want)
		if (err == nil) != (wantErr == nil) || err == nil && !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %#v, %v, encoding/json %#v, %v", doc, got, err, want, wantErr)
		}
	}
}

func ExampleInto() {
	borrowed := []byte(`{"user_id":"80351110224678912","timestamp":1794759683}`)
	var typing struct {
		UserID    string `json:"user_id"`
		Timestamp int64  `json:"timestamp"`
	}
	err := Into(borrowed, &typing)
	copy(borrowed, bytes.Repeat([]byte{0xcc}, len(borrowed)))
	fmt.Println(typing.UserID, typing.Timestamp, err)
	// Output: 80351110224678912 1794759683 <nil>
}
