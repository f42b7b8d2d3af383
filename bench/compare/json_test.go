package compare

import (
	"bytes"
	"encoding/json"
	"os"
	"slices"
	"testing"
	"time"

	"github.com/bytedance/sonic"
	"github.com/bytedance/sonic/ast"
	"github.com/tidwall/gjson"

	"github.com/sluice-go/sluice/lazyjson"
)

// orders returns one event of typical size, in the order of keys in which
// Discord writes them and with d in front of the others.
func orders(b *testing.B) map[string][]byte {
	ordered, err := os.ReadFile("../../lazyjson/testdata/message_create.json")
	if err != nil {
		b.Fatal(err)
	}
	head, d, _ := bytes.Cut(ordered[1:len(ordered)-1], []byte(`,"d":`))
	front := slices.Concat([]byte(`{"d":`), d, []byte(","), head, []byte("}"))
	return map[string][]byte{"ordered": ordered, "d-in-front": front}
}

// peekers find op, s and t, each as its users would at the least cost, and
// report whether they are what they should be.
var peekers = []struct {
	name string
	peek func(doc []byte) bool
}{
	{"sluice", func(doc []byte) bool {
		e, err := lazyjson.Peek(doc)
		return err == nil && e.Op == 0 && e.Seq == 48213 && string(e.Type(doc)) == "MESSAGE_CREATE"
	}},
	{"sonic", peekSonic(ast.SearchOptions{ValidateJSON: true})},
	{"sonic-unchecked", peekSonic(ast.SearchOptions{})},
	{"gjson", func(doc []byte) bool {
		op, seq, t := gjson.GetBytes(doc, "op"), gjson.GetBytes(doc, "s"), gjson.GetBytes(doc, "t")
		return op.Exists() && op.Int() == 0 && seq.Int() == 48213 && t.Str == "MESSAGE_CREATE"
	}},
}

// peekSonic searches three times; what it skips is checked if options say so.
func peekSonic(options ast.SearchOptions) func(doc []byte) bool {
	return func(doc []byte) bool {
		get := func(key string) ast.Node {
			node, _ := sonic.GetWithOptions(doc, options, key)
			return node
		}
		op, seq, t := get("op"), get("s"), get("t")
		n, errOp := op.Int64()
		s, errSeq := seq.Int64()
		name, errType := t.String()
		return errOp == nil && errSeq == nil && errType == nil && n == 0 && s == 48213 && name == "MESSAGE_CREATE"
	}
}

// BenchmarkPeek has each library take its turn in every iteration, and reports
// the medians, and how many times faster sluice is.
func BenchmarkPeek(b *testing.B) {
	for name, doc := range orders(b) {
		b.Run(name, func(b *testing.B) {
			times := make([][]float64, len(peekers))
			for b.Loop() {
				for i, p := range peekers {
					const lap = 2000
					start := time.Now()
					for range lap {
						if !p.peek(doc) {
							b.Fatal(p.name)
						}
					}
					times[i] = append(times[i], float64(time.Since(start).Nanoseconds())/lap)
				}
			}
			report(b, times, func(i int) string { return peekers[i].name })
		})
	}
}

// BenchmarkValid walks the same event whole.
func BenchmarkValid(b *testing.B) {
	doc := orders(b)["ordered"]
	valid := []struct {
		name string
		f    func([]byte) bool
	}{{"sluice", lazyjson.Valid}, {"sonic", sonic.Valid}, {"encoding/json", json.Valid}, {"gjson", gjson.ValidBytes}}
	times := make([][]float64, len(valid))
	for b.Loop() {
		for i, v := range valid {
			const lap = 500
			start := time.Now()
			for range lap {
				if !v.f(doc) {
					b.Fatal(v.name)
				}
			}
			times[i] = append(times[i], float64(time.Since(start).Nanoseconds())/lap)
		}
	}
	report(b, times, func(i int) string { return valid[i].name })
}

// report gives the medians; the first is sluice's.
func report(b *testing.B, times [][]float64, name func(int) string) {
	var own float64
	for i, t := range times {
		slices.Sort(t)
		median := t[len(t)/2]
		b.ReportMetric(median, name(i)+"-ns")
		if i == 0 {
			own = median
			continue
		}
		b.ReportMetric(median/own, name(i)+"-x")
	}
	b.ReportMetric(0, "ns/op")
}
