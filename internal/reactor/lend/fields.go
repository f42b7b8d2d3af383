//go:build !safe

package lend

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// tested are the versions of Go that the tests of this package have run on. A
// new one is added after they pass; until then it takes the plain way.
var tested = []string{"go1.26"}

// The fields' places in a tls.Conn.
var (
	rawOffset, inputOffset, handOffset uintptr
	unsupported                        = locate(reflect.TypeFor[tls.Conn](), runtime.Version())
)

// locate finds the fields and returns why they cannot be used.
func locate(conn reflect.Type, version string) (why string) {
	known := slices.ContainsFunc(tested, func(v string) bool {
		rest, ok := strings.CutPrefix(version, v)
		return ok && (rest == "" || rest[0] == '.' || rest[0] == ' ' || rest[0] == '-')
	})
	if !known {
		return fmt.Sprintf("%s is not among the versions that this was tested on (%s)", version, strings.Join(tested, ", "))
	}
	raw, ok := conn.FieldByName("rawInput")
	if !ok || raw.Type != reflect.TypeFor[bytes.Buffer]() {
		return "crypto/tls.Conn has no rawInput of type bytes.Buffer"
	}
	input, ok := conn.FieldByName("input")
	if !ok || input.Type != reflect.TypeFor[bytes.Reader]() {
		return "crypto/tls.Conn has no input of type bytes.Reader"
	}
	hand, ok := conn.FieldByName("hand")
	if !ok || hand.Type != reflect.TypeFor[bytes.Buffer]() {
		return "crypto/tls.Conn has no hand of type bytes.Buffer"
	}
	rawOffset, inputOffset, handOffset = raw.Offset, input.Offset, hand.Offset
	return ""
}

// Supported returns "" if records can be lent, or else why not.
func Supported() string { return unsupported }

// of is the package's one use of unsafe.
//
// Proof: c points to a tls.Conn. locate found the fields rawInput, input
// and hand in that very type, with the types bytes.Buffer, bytes.Reader and
// bytes.Buffer, at these offsets, so the pointers stay inside the struct and have
// the types of what they point to. They keep the connection alive, as pointers into it do.
func of(c *tls.Conn) Conn {
	return Conn{
		raw:   (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), rawOffset)),
		input: (*bytes.Reader)(unsafe.Add(unsafe.Pointer(c), inputOffset)),
		hand:  (*bytes.Buffer)(unsafe.Add(unsafe.Pointer(c), handOffset)),
	}
}
