package lazyjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
)

const guild = ` {"id":"197038439483310086","name":"caf\u00e9","owner":null,"nested":{"a":{"b":[10,20,{"c":true}]},"":7},
	"n\u0061me2":"x","large":false,"member_count":12,"dup":1,"dup":2,"empty":{},"none":[],"tail":[[],{}]} `

func TestValueGet(t *testing.T) {
	for _, test := range []struct {
		path []string
		raw  string
		kind Kind
	}{
		{nil, strings.TrimSpace(guild), KindObject},
		{[]string{"id"}, `"197038439483310086"`, KindString},
		{[]string{"name"}, `"caf\u00e9"`, KindString},
		{[]string{"owner"}, `null`, KindNull},
		{[]string{"nested"}, `{"a":{"b":[10,20,{"c":true}]},"":7}`, KindObject},
		{[]string{"nested", "a", "b"}, `[10,20,{"c":true}]`, KindArray},
		{[]string{"nested", ""}, `7`, KindNumber},
		{[]string{"name2"}, `"x"`, KindString},
		{[]string{"large"}, `false`, KindBool},
		{[]string{"dup"}, `1`, KindNumber},
		{[]string{"empty"}, `{}`, KindObject},
		{[]string{"tail"}, `[[],{}]`, KindArray},
		{[]string{"nothing"}, ``, KindMissing},
		{[]string{"name", "x"}, ``, KindMissing},
		{[]string{"none", "0"}, ``, KindMissing},
		{[]string{"empty", "x"}, ``, KindMissing},
		{[]string{"nested", "a", "x"}, ``, KindMissing},
		{[]string{"nothing", "x"}, ``, KindMissing},
	} {
		v := ValueOf([]byte(guild)).Get(test.path...)
		if string(v.Raw()) != test.raw || v.Kind() != test.kind || v.Exists() != (test.raw != "") || cap(v.Raw()) != len(test.raw) {
			t.Errorf("Get(%q) = %s, %v, want %s, %v", test.path, v.Raw(), v.Kind(), test.raw, test.kind)
		}
		if v.IsNull() != (test.raw == "null") {
			t.Errorf("Get(%q).IsNull() = %v", test.path, v.IsNull())
		}
		if v.Exists() != (v.Err() == nil) || !v.Exists() && v.Err() != ErrMissing {
			t.Errorf("Get(%q).Err() = %v", test.path, v.Err())
		}
	}
}

func TestValueIndex(t *testing.T) {
	array := ValueOf([]byte(guild)).Get("nested", "a", "b")
	for i, want := range []string{"10", "20", `{"c":true}`, "", ""} {
		if got := array.Index(i); string(got.Raw()) != want || got.Exists() != (want != "") {
			t.Errorf("Index(%d) = %s, want %s", i, got.Raw(), want)
		}
	}
	if b, err := array.Index(2).Get("c").Bool(); !b || err != nil {
		t.Errorf("Index(2).Get(c) = %v, %v", b, err)
	}
	if v := array.Index(-1); v.Err() != ErrMissing {
		t.Errorf("Index(-1) = %s, %v", v.Raw(), v.Err())
	}
	if v := ValueOf([]byte(guild)).Index(0); v.Err() != ErrMissing {
		t.Errorf("Index of an object = %s, %v", v.Raw(), v.Err())
	}
	if v := ValueOf(nil).Index(0); v.Exists() || v.Err() == ErrMissing {
		t.Errorf("Index of nothing = %s, %v", v.Raw(), v.Err())
	}
}

// A document that cannot be read up to the value says where, counted from its
// start, through every level.
func TestValueSyntaxErrors(t *testing.T) {
	get := func(path ...string) func(Value) error { return func(v Value) error { return v.Get(path...).Err() } }
	second := func(v Value) error { return v.Index(1).Err() }
	number := func(v Value) error { _, err := v.Int(); return err }
	length := func(v Value) error { _, err := v.Len(); return err }
	text := func(v Value) error { _, err := v.AppendString(nil); return err }
	truth := func(v Value) error { _, err := v.Bool(); return err }
	for _, test := range []struct {
		doc    string
		read   func(Value) error
		offset int64
		reason string
	}{
		{"", get(), 0, reasonEnd},
		{"  ", get("a"), 0, reasonEnd},
		{" x", get(), 1, reasonValue},
		{` {"a"`, get("a"), 5, reasonEnd},
		{` {"a":`, get("a"), 6, reasonEnd},
		{` {"a":`, get("a", "b"), 6, reasonEnd},
		{` {"a":}`, get("a"), 6, reasonValue},
		{` {"a":}`, get("b"), 6, reasonValue},
		{` {"a" 1}`, get("a"), 6, "no colon behind a key"},
		{` {"a":1 "b":2}`, get("b"), 8, "no comma and no closing bracket"},
		{` {"a":1,}`, get("b"), 8, "no key"},
		{` {"a":1`, get("b"), 7, reasonEnd},
		{` {"a":{"b":{"c"`, get("a", "b", "c"), 15, reasonEnd},
		{` {"a":{"b":[1`, get("a", "b"), 13, reasonEnd},
		{` [1,`, second, 4, reasonEnd},
		{` [1,]`, second, 4, reasonValue},
		{` [1 2]`, second, 4, "no comma and no closing bracket"},
		{` [1}`, length, 3, "no comma and no closing bracket"},
		{` [1] 2`, length, 5, reasonTrailing},
		{` {"a":1} 2`, length, 9, reasonTrailing},
		{` {"a":1]`, length, 7, "no comma and no closing bracket"},
		{` {"a":tru}`, length, 9, "unknown word"},
		{` {1:1}`, length, 2, "no key"},
		{` 1 2`, number, 2, reasonTrailing},
		{` 01`, number, 2, reasonTrailing},
		{` -`, number, 2, reasonEnd},
		{` 1.x`, number, 3, "no digit in a number"},
		{` "a`, text, 3, reasonEnd},
		{` "a"b`, text, 4, reasonTrailing},
		{` "\x"`, text, 3, "unknown escape"},
		{` tru`, truth, 4, reasonEnd},
		{` trye`, truth, 3, "unknown word"},
	} {
		err := test.read(ValueOf([]byte(test.doc)))
		var syntax *SyntaxError
		if !errors.As(err, &syntax) || syntax.Offset != test.offset || syntax.Reason != test.reason {
			t.Errorf("%q: %v, want %s at offset %d", test.doc, err, test.reason, test.offset)
		}
	}
}

// An accessor of a value that is not there says so; one of another kind says
// which.
func TestValueKinds(t *testing.T) {
	accessors := map[string]func(Value) error{
		"int64":           func(v Value) error { _, err := v.Int(); return err },
		"uint64":          func(v Value) error { _, err := v.Uint(); return err },
		"float64":         func(v Value) error { _, err := v.Float(); return err },
		"bool":            func(v Value) error { _, err := v.Bool(); return err },
		"snowflake":       func(v Value) error { _, err := v.Snowflake(); return err },
		"string":          func(v Value) error { _, err := v.AppendString(nil); return err },
		"array or object": func(v Value) error { _, err := v.Len(); return err },
	}
	takes := map[Kind]string{
		KindNull: "", KindBool: "bool", KindNumber: "int64 uint64 float64 snowflake", KindString: "string snowflake",
		KindArray: "array or object", KindObject: "array or object",
	}
	for kind, doc := range map[Kind]string{
		KindNull: "null", KindBool: "true", KindNumber: "5", KindString: `"5"`, KindArray: "[]", KindObject: "{}",
	} {
		v := ValueOf([]byte(`{"k":` + doc + `}`)).Get("k")
		if v.Kind() != kind {
			t.Errorf("%s is a %v", doc, v.Kind())
		}
		for want, read := range accessors {
			err := read(v)
			if strings.Contains(takes[kind], want) {
				if err != nil {
					t.Errorf("%s as %s: %v", doc, want, err)
				}
				continue
			}
			var typed *TypeError
			if !errors.As(err, &typed) || *typed != (TypeError{Offset: 5, Kind: kind, Want: want}) {
				t.Errorf("%s as %s: %v", doc, want, err)
			}
		}
	}
	for want, read := range accessors {
		for _, v := range []Value{{}, ValueOf([]byte("{}")).Get("k"), ValueOf([]byte("{}")).Get("k", "l").Index(0)} {
			if err := read(v); err != ErrMissing {
				t.Errorf("a missing value as %s: %v", want, err)
			}
		}
	}
	err := &TypeError{Offset: 5, Kind: KindString, Want: "bool"}
	if text := err.Error(); text != "lazyjson: string at offset 5 is no bool" {
		t.Error(text)
	}
	if names := fmt.Sprint(KindMissing, KindNull, KindBool, KindNumber, KindString, KindArray, KindObject, Kind(99)); names !=
		"missing value null bool number string array object unknown kind" {
		t.Error(names)
	}
}

func TestValueIterators(t *testing.T) {
	var got []string
	for key, value := range ValueOf([]byte(guild)).Members() {
		text, err := key.AppendString(nil)
		if err != nil || !value.Exists() {
			t.Fatal(err, value.Err())
		}
		got = append(got, string(text)+"="+string(value.Raw()))
	}
	want := `id="197038439483310086"|name="caf\u00e9"|owner=null|nested={"a":{"b":[10,20,{"c":true}]},"":7}|name2="x"|` +
		`large=false|member_count=12|dup=1|dup=2|empty={}|none=[]|tail=[[],{}]`
	if strings.Join(got, "|") != want {
		t.Errorf("members: %s", got)
	}
	for doc, want := range map[string]string{
		"[]": "", "[ ]": "", "[1]": "1", " [ 1 , [2,3] ,{} ] ": "1|[2,3]|{}", "{}": "", "5": "", "": "",
		"[1,2": "1|2|" + reasonEnd, "[1,,2]": "1|" + reasonValue, "[1,2]]": "1|2|" + reasonTrailing, "[": reasonEnd, `["a","b`: `"a"|` + reasonEnd,
	} {
		got = got[:0]
		for element := range ValueOf([]byte(doc)).Elements() {
			if !element.Exists() {
				var syntax *SyntaxError
				if !errors.As(element.Err(), &syntax) {
					t.Fatalf("%s: %v", doc, element.Err())
				}
				got = append(got, syntax.Reason)
				continue
			}
			got = append(got, string(element.Raw()))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("elements of %s: %q, want %s", doc, got, want)
		}
	}
	for doc, want := range map[string]string{`{"a":1,"b":`: "a|" + reasonEnd, `{"a":1,"b"}`: "a|no colon behind a key", `{"a":1}}`: "a|" + reasonTrailing, "[1]": "", "{": reasonEnd, `{"a":1;`: "a|no comma and no closing bracket"} {
		got = got[:0]
		for key, value := range ValueOf([]byte(doc)).Members() {
			var syntax *SyntaxError
			if errors.As(key.Err(), &syntax) != errors.As(value.Err(), &syntax) {
				t.Errorf("%s: key %v, value %v", doc, key.Err(), value.Err())
			}
			if syntax != nil {
				got = append(got, syntax.Reason)
				continue
			}
			got = append(got, string(bytes.Trim(key.Raw(), `"`)))
		}
		if strings.Join(got, "|") != want {
			t.Errorf("members of %s: %q, want %s", doc, got, want)
		}
	}
	// break ends the iteration.
	n := 0
	for range ValueOf([]byte("[1,2,3]")).Elements() {
		n++
		break
	}
	for range ValueOf([]byte(guild)).Members() {
		n++
		break
	}
	if n != 2 {
		t.Errorf("%d turns of two broken loops", n)
	}
}

func TestValueLen(t *testing.T) {
	for doc, want := range map[string]int{"[]": 0, "[1]": 1, "[[1,2],[3]]": 2, "{}": 0, `{"a":[1,2,3]}`: 1, guild: 12} {
		if n, err := ValueOf([]byte(doc)).Len(); n != want || err != nil {
			t.Errorf("Len of %s = %d, %v, want %d", doc, n, err, want)
		}
	}
}

// Read through Value, every valid document is what encoding/json makes of it.
func TestValueAgrees(t *testing.T) {
	for _, doc := range append(documents, guild) {
		if !Valid([]byte(doc)) {
			continue
		}
		dec := json.NewDecoder(strings.NewReader(doc))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got := decode(t, ValueOf([]byte(doc))); fmt.Sprintf("%#v", got) != fmt.Sprintf("%#v", want) {
			t.Errorf("%s: %#v, encoding/json %#v", doc, got, want)
		}
	}
}

// decode makes of v what encoding/json makes of it with UseNumber.
func decode(t *testing.T, v Value) any {
	t.Helper()
	switch v.Kind() {
	case KindBool:
		b, err := v.Bool()
		if err != nil {
			t.Fatal(err)
		}
		return b
	case KindNumber:
		return json.Number(v.Raw())
	case KindString:
		text, err := v.AppendString(nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	case KindArray:
		elements := []any{}
		for element := range v.Elements() {
			elements = append(elements, decode(t, element))
		}
		return elements
	case KindObject:
		members := map[string]any{}
		for key, value := range v.Members() {
			members[decode(t, key).(string)] = decode(t, value)
		}
		return members
	case KindMissing:
		t.Fatal(v.Err())
	}
	return nil
}

func ExampleValue() {
	d := []byte(`{"id":"41771983423143937","author":{"username":"zoe"},"mentions":[{"id":"7"},{"id":"8"}]}`)
	v := ValueOf(d)
	id, err := v.Get("id").Snowflake()
	fmt.Println(id, err)
	fmt.Println(v.Get("author", "username").EqualString("zoe"))
	for user := range v.Get("mentions").Elements() {
		id, err := user.Get("id").Snowflake()
		fmt.Println(id, err)
	}
	_, err = v.Get("guild_id").Snowflake()
	fmt.Println(err)
	// Output:
	// 41771983423143937 <nil>
	// true
	// 7 <nil>
	// 8 <nil>
	// lazyjson: no such value
}
