package fuzz

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/sluice-go/sluice/lazyjson"
)

// FuzzValue reads documents through lazyjson.Value. Of a valid one it reads
// what encoding/json reads; of any other every value lies in it, and every
// error names a place in it. Valid agrees with encoding/json on which is which.
func FuzzValue(f *testing.F) {
	for _, doc := range []string{
		`{"id":"80351110224678912","n":-12.5e3,"ok":true,"none":null,"list":[1,[2,{}],"\ud83c\udf89"],"a":{"b":{"c":18446744073709551615}}}`,
		" [ 0 , -0 , 1E400 , \"\\\"\\\\\" , { } ] ",
		`{"a":1,"\u0061":2,"":{"":[]}}`,
		`"\ud83d\u0041"`, `[1,2`, `{"a":[}`, `9223372036854775808`,
	} {
		f.Add([]byte(doc))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		valid := json.Valid(b)
		err := lazyjson.Check(b)
		if lazyjson.Valid(b) != valid || (err == nil) != valid {
			t.Fatalf("Valid(%q) = %v, Check %v, encoding/json %v", b, lazyjson.Valid(b), err, valid)
		}
		if !valid {
			checkSyntaxError(t, b, err)
			wander(t, b, lazyjson.ValueOf(b), 0)
			return
		}
		dec := json.NewDecoder(bytes.NewReader(b))
		dec.UseNumber()
		var want any
		if err := dec.Decode(&want); err != nil {
			t.Fatal(err)
		}
		if got := read(t, lazyjson.ValueOf(b)); !reflect.DeepEqual(got, want) {
			t.Fatalf("%q: %#v, encoding/json %#v", b, got, want)
		}
	})
}

// read returns v, of a valid document, as encoding/json does with UseNumber.
func read(t *testing.T, v lazyjson.Value) any {
	switch v.Kind() {
	case lazyjson.KindNull:
		if !v.IsNull() {
			t.Fatalf("%s is not null", v.Raw())
		}
		return nil
	case lazyjson.KindBool:
		b, err := v.Bool()
		if err != nil {
			t.Fatal(err)
		}
		return b
	case lazyjson.KindNumber:
		checkNumber(t, v)
		return json.Number(v.Raw())
	case lazyjson.KindString:
		return readString(t, v)
	case lazyjson.KindArray:
		return readArray(t, v)
	case lazyjson.KindObject:
		return readObject(t, v)
	}
	t.Fatal(v.Err())
	return nil
}

func readString(t *testing.T, v lazyjson.Value) string {
	text, err := v.AppendString(nil)
	if err != nil {
		t.Fatal(err)
	}
	if utf8.Valid(v.Raw()) && (!v.EqualString(string(text)) || v.EqualString(string(text)+"x")) {
		t.Fatalf("%s does not equal %q alone", v.Raw(), text)
	}
	id, err := v.Snowflake()
	want, wantErr := strconv.ParseUint(string(text), 10, 64)
	if len(text) <= 20 && (err == nil) != (wantErr == nil) || err == nil && id != want {
		t.Fatalf("Snowflake of %s = %d, %v", v.Raw(), id, err)
	}
	return string(text)
}

func readArray(t *testing.T, v lazyjson.Value) []any {
	elements := []any{}
	for element := range v.Elements() {
		if n := len(elements); n < 3 && !bytes.Equal(v.Index(n).Raw(), element.Raw()) {
			t.Fatalf("Index(%d) of %s = %s", n, v.Raw(), v.Index(n).Raw())
		}
		elements = append(elements, read(t, element))
	}
	if n, err := v.Len(); n != len(elements) || err != nil {
		t.Fatalf("Len of %s = %d, %v", v.Raw(), n, err)
	}
	return elements
}

func readObject(t *testing.T, v lazyjson.Value) map[string]any {
	members := map[string]any{}
	count := 0
	for key, value := range v.Members() {
		count++
		name := readString(t, key)
		if _, repeated := members[name]; !repeated && count <= 3 && utf8.Valid(key.Raw()) {
			if found := v.Get(name); !bytes.Equal(found.Raw(), value.Raw()) {
				t.Fatalf("Get(%q) of %s = %s, %v", name, v.Raw(), found.Raw(), found.Err())
			}
		}
		members[name] = read(t, value)
	}
	if n, err := v.Len(); n != count || err != nil {
		t.Fatalf("Len of %s = %d, %v", v.Raw(), n, err)
	}
	return members
}

// checkNumber compares the accessors for numbers with strconv.
func checkNumber(t *testing.T, v lazyjson.Value) {
	text := string(v.Raw())
	i, err := v.Int()
	if want, wantErr := strconv.ParseInt(text, 10, 64); (err == nil) != (wantErr == nil) || err == nil && i != want {
		t.Fatalf("Int of %s = %d, %v, want %d, %v", text, i, err, want, wantErr)
	}
	u, err := v.Uint()
	if want, wantErr := strconv.ParseUint(text, 10, 64); (err == nil) != (wantErr == nil) || err == nil && u != want {
		t.Fatalf("Uint of %s = %d, %v, want %d, %v", text, u, err, want, wantErr)
	}
	x, err := v.Float()
	if want, wantErr := strconv.ParseFloat(text, 64); (err == nil) != (wantErr == nil) || err == nil && math.Float64bits(x) != math.Float64bits(want) {
		t.Fatalf("Float of %s = %v, %v, want %v, %v", text, x, err, want, wantErr)
	}
}

// wander calls everything on the values of a document that is not valid, as far
// down as it goes.
func wander(t *testing.T, b []byte, v lazyjson.Value, depth int) {
	if v.Exists() != (v.Err() == nil) || v.Exists() != (v.Kind() != lazyjson.KindMissing) || !bytes.Contains(b, v.Raw()) || len(v.Raw()) != cap(v.Raw()) {
		t.Fatalf("%q holds %q, %v, %v", b, v.Raw(), v.Kind(), v.Err())
	}
	checkError := func(err error) {
		var typed *lazyjson.TypeError
		switch {
		case err == nil || errors.Is(err, lazyjson.ErrMissing):
		case errors.As(err, &typed):
			if typed.Offset < 0 || typed.Offset >= int64(len(b)) {
				t.Fatalf("%q: %v", b, err)
			}
		default:
			checkSyntaxError(t, b, err)
		}
	}
	_, err := v.Int()
	checkError(err)
	_, err = v.Uint()
	checkError(err)
	_, err = v.Float()
	checkError(err)
	_, err = v.Bool()
	checkError(err)
	_, err = v.Snowflake()
	checkError(err)
	_, err = v.AppendString(nil)
	checkError(err)
	_, err = v.Len()
	checkError(err)
	checkError(v.Get("a", "b").Err())
	checkError(v.Index(1).Err())
	if depth == 20 {
		return
	}
	for element := range v.Elements() {
		checkError(element.Err())
		wander(t, b, element, depth+1)
	}
	for key, value := range v.Members() {
		checkError(key.Err())
		wander(t, b, key, depth+1)
		wander(t, b, value, depth+1)
	}
}
