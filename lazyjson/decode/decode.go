// Package decode fills structs with the d of an event: use it where a callback
// needs most of an event's fields. It stands apart from lazyjson because of what it brings along:
// github.com/bytedance/sonic compiles a decoder for each type when it first
// sees it, which takes milliseconds and memory, and reaches into the runtime
// for it. Nothing on the way of the data imports it.
//
// # Where sonic does not run
//
// sonic is imported on amd64 and arm64 under Linux, macOS and Windows alone, which it is
// made for: it does not build on processors of 32 bits, nor under Solaris and Plan 9,
// and Android and iOS may refuse the code that it makes while it runs. Version 1.15 compiles decoders for Go up to 1.27, says its build
// tag; from Go 1.28 on, until it knows that, it hands the work to encoding/json
// and says so on standard error when the program starts. On other processors
// and systems this package calls encoding/json itself. The results are the same, but
// slower; only a −0 in an interface keeps its sign there and loses it in sonic.
// Native tells which it is.
package decode

import (
	"fmt"

	"github.com/sluice-go/sluice/lazyjson"
)

// Native reports whether sonic's own decoder is in this program, and not
// encoding/json in its place.
const Native = native

// Into decodes data, one JSON value, into what v points to, by the rules of
// encoding/json and its struct tags.
//
// It works on a copy of data. Neither what v points to, be it strings,
// json.RawMessage or what a method UnmarshalJSON kept, nor the error holds on
// to data, so data may be borrowed; and no string that is kept holds on to the
// copy.
//
// Data that is no JSON gives a *lazyjson.SyntaxError with the offset in data.
// Any other error, such as a string where v wants a number or v being no
// pointer, wraps that of sonic, or of encoding/json where that takes its place.
// On an error v may be filled in part.
func Into(data []byte, v any) error {
	err := unmarshal(data, v)
	if err == nil {
		return nil
	}
	if syntax := lazyjson.Check(data); syntax != nil {
		err = syntax
	}
	return fmt.Errorf("decode: %w", err)
}
