//go:build !safe

package lend

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

// The fields are found by name and type, wherever they lie, on any version of Go; a
// connection that lacks one, or has another, is refused with a sentence.
func TestLocate(t *testing.T) {
	buffer, reader, other := reflect.TypeFor[bytes.Buffer](), reflect.TypeFor[bytes.Reader](), reflect.TypeFor[[]byte]()
	conn := func(rawInput, input, hand reflect.Type) reflect.Type {
		var fields []reflect.StructField
		for name, t := range map[string]reflect.Type{"rawInput": rawInput, "input": input, "hand": hand, "added": other} {
			if t != nil {
				fields = append(fields, reflect.StructField{Name: name, PkgPath: "crypto/tls", Type: t})
			}
		}
		return reflect.StructOf(fields)
	}
	for _, test := range []struct {
		name  string
		conn  reflect.Type
		lacks string
	}{
		{"no rawInput", conn(nil, reader, buffer), "rawInput of type bytes.Buffer"},
		{"no input", conn(buffer, nil, buffer), "input of type bytes.Reader"},
		{"no hand", conn(buffer, reader, nil), "hand of type bytes.Buffer"},
		{"other rawInput", conn(other, reader, buffer), "rawInput of type bytes.Buffer"},
		{"other input", conn(buffer, other, buffer), "input of type bytes.Reader"},
		{"other hand", conn(buffer, reader, other), "hand of type bytes.Buffer"},
	} {
		if _, err := locate(test.conn); err == nil || !strings.Contains(err.Error(), test.lacks) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	good := conn(buffer, reader, buffer)
	f, err := locate(good)
	if err != nil {
		t.Fatal(err)
	}
	for name, at := range map[string]uintptr{"rawInput": f.raw, "input": f.input, "hand": f.hand} {
		if field, _ := good.FieldByName(name); field.Offset != at {
			t.Errorf("%s is at %d, not %d", name, field.Offset, at)
		}
	}
}
