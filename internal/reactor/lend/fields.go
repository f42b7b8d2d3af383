//go:build !safe

package lend

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"reflect"
	"runtime"
	"sync"
	"unsafe"
)

// fields are the places of what is needed in a tls.Conn.
type fields struct{ raw, input, hand uintptr }

// place is where they are in this program's crypto/tls, once supported has returned "".
var place fields

var supported = sync.OnceValue(func() (why string) {
	found, err := locate(reflect.TypeFor[tls.Conn]())
	if err == nil {
		place = found
		err = selfTest(func(c *tls.Conn) door { return of(c) })
	}
	if err != nil {
		return fmt.Sprintf("crypto/tls of %s: %v", runtime.Version(), err)
	}
	return ""
})

// locate finds the fields by name and type.
func locate(conn reflect.Type) (f fields, err error) {
	for _, want := range []struct {
		name string
		kind reflect.Type
		at   *uintptr
	}{
		{"rawInput", reflect.TypeFor[bytes.Buffer](), &f.raw},
		{"input", reflect.TypeFor[bytes.Reader](), &f.input},
		{"hand", reflect.TypeFor[bytes.Buffer](), &f.hand},
	} {
		field, ok := conn.FieldByName(want.name)
		if !ok || field.Type != want.kind || len(field.Index) != 1 {
			return fields{}, fmt.Errorf("its Conn has no field %s of type %v", want.name, want.kind)
		}
		*want.at = field.Offset
	}
	return f, nil
}

// of is the package's one use of unsafe.
//
// Proof: c points to a tls.Conn. locate found the fields rawInput, input
// and hand in that very type, with the types bytes.Buffer, bytes.Reader and
// bytes.Buffer, at these offsets, so the pointers stay inside the struct and have
// the types of what they point to. They keep the connection alive, as pointers into it do.
func of(c *tls.Conn) Conn {
	return Conn{
		raw:   (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), place.raw)),
		input: (*bytes.Reader)(unsafe.Add(unsafe.Pointer(c), place.input)),
		hand:  (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), place.hand)),
	}
}
