//go:build (amd64 || arm64) && ((linux && !android) || (darwin && !ios) || windows)

package decode

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/ast"

	"github.com/sluice-go/sluice/lazyjson"
)

// payloads returns a dispatch of typical size in Discord's order, and the same
// with d in front.
func payloads(tb testing.TB) map[string][]byte {
	ordered, err := os.ReadFile("../testdata/message_create.json")
	if err != nil {
		tb.Fatal(err)
	}
	head, d, _ := bytes.Cut(ordered[1:len(ordered)-1], []byte(`,"d":`))
	behind := append(append(append([]byte(`{"d":`), d...), ','), head...)
	return map[string][]byte{"ordered": ordered, "behind": append(behind, '}')}
}

// Peek beside what sonic and encoding/json offer for the same three keys.
func BenchmarkPeek(b *testing.B) {
	docs := payloads(b)
	for _, order := range []string{"ordered", "behind"} {
		doc := docs[order]
		b.Run(order+"/lazyjson", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if e, err := lazyjson.Peek(doc); err != nil || e.Seq != 48213 {
					b.Fatal(e, err)
				}
			}
		})
		b.Run(order+"/sonic", func(b *testing.B) {
			b.ReportAllocs()
			// Without checking what it skips, and without a copy: the cheapest
			// that it can do.
			get := func(key string) ast.Node {
				node, err := sonic.GetWithOptions(doc, ast.SearchOptions{}, key)
				if err != nil {
					b.Fatal(err)
				}
				return node
			}
			for b.Loop() {
				op, seq, typ := get("op"), get("s"), get("t")
				if n, err := seq.Int64(); err != nil || n != 48213 {
					b.Fatal(n, err)
				}
				if n, err := op.Int64(); err != nil || n != 0 {
					b.Fatal(n, err)
				}
				if s, err := typ.String(); err != nil || len(s) != len("MESSAGE_CREATE") {
					b.Fatal(s, err)
				}
			}
		})
		b.Run(order+"/encoding_json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var envelope struct {
					Op int             `json:"op"`
					S  int64           `json:"s"`
					T  string          `json:"t"`
					D  json.RawMessage `json:"d"`
				}
				if err := json.Unmarshal(doc, &envelope); err != nil || envelope.S != 48213 {
					b.Fatal(envelope.S, err)
				}
			}
		})
	}
}

func BenchmarkValid(b *testing.B) {
	doc := payloads(b)["ordered"]
	for _, f := range []struct {
		name  string
		valid func([]byte) bool
	}{{"lazyjson", lazyjson.Valid}, {"sonic", sonic.Valid}, {"encoding_json", json.Valid}} {
		b.Run(f.name, func(b *testing.B) {
			for b.Loop() {
				if !f.valid(doc) {
					b.Fatal("not valid")
				}
			}
		})
	}
}

func BenchmarkInto(b *testing.B) {
	data := []byte(event)
	for _, f := range []struct {
		name string
		into func([]byte, any) error
	}{{"decode", Into}, {"encoding_json", json.Unmarshal}} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				var m message
				if err := f.into(data, &m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
