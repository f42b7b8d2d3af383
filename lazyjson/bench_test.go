package lazyjson

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"
)

// messageCreate returns a dispatch of typical size and content as Discord
// writes it, and the same with d in front of the other keys.
func messageCreate(tb testing.TB) (ordered, behind []byte) {
	tb.Helper()
	ordered, err := os.ReadFile("testdata/message_create.json")
	if err != nil {
		tb.Fatal(err)
	}
	head, d, ok := bytes.Cut(bytes.TrimSuffix(ordered, []byte("}")), []byte(`,"d":`))
	if !ok {
		tb.Fatal("no d in message_create.json")
	}
	behind = append([]byte(`{"d":`), d...)
	behind = append(behind, ',')
	behind = append(behind, head[1:]...)
	return ordered, append(behind, '}')
}

func BenchmarkPeek(b *testing.B) {
	ordered, behind := messageCreate(b)
	for _, order := range []struct {
		name string
		doc  []byte
	}{{"ordered", ordered}, {"behind", behind}} {
		b.Run(order.name, func(b *testing.B) {
			b.SetBytes(int64(len(order.doc)))
			for b.Loop() {
				if _, err := Peek(order.doc); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkValid(b *testing.B) {
	doc, _ := messageCreate(b)
	for _, f := range []struct {
		name  string
		valid func([]byte) bool
	}{{"lazyjson", Valid}, {"encoding_json", json.Valid}} {
		b.Run(f.name, func(b *testing.B) {
			b.SetBytes(int64(len(doc)))
			for b.Loop() {
				if !f.valid(doc) {
					b.Fatal("not valid")
				}
			}
		})
	}
}

func BenchmarkValue(b *testing.B) {
	doc, _ := messageCreate(b)
	e, err := Peek(doc)
	if err != nil {
		b.Fatal(err)
	}
	d := e.Data(doc)
	b.Run("first", func(b *testing.B) {
		for b.Loop() {
			if _, err := ValueOf(d).Get("type").Int(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("last", func(b *testing.B) {
		for b.Loop() {
			if _, err := ValueOf(d).Get("guild_id").Snowflake(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("members", func(b *testing.B) {
		for b.Loop() {
			n := 0
			for range ValueOf(d).Members() {
				n++
			}
			if n != 19 {
				b.Fatal(n)
			}
		}
	})
}
