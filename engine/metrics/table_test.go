package metrics

import (
	"flag"
	"os"
	"strings"
	"testing"
)

var write = flag.Bool("write", false, "write the tables of docs/operations.md anew")

const (
	operations = "../../docs/operations.md"
	tableBegin = "<!-- metrics: go test ./engine/metrics -run TestTable -args -write -->\n"
	tableEnd   = "<!-- end of metrics -->"
)

// TestTable: the documentation lists all metrics, in words of the code.
func TestTable(t *testing.T) {
	b, err := os.ReadFile(operations)
	if err != nil {
		t.Fatal(err)
	}
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	before, rest, found := strings.Cut(text, tableBegin)
	_, after, ended := strings.Cut(rest, tableEnd)
	if !found || !ended {
		t.Fatalf("%s has no place for the tables", operations)
	}
	want := before + tableBegin + tables() + tableEnd + after
	if want == text {
		return
	}
	if !*write {
		t.Fatalf("%s lists other metrics than there are: run go test ./engine/metrics -run TestTable -args -write", operations)
	}
	if err := os.WriteFile(operations, []byte(want), 0o644); err != nil {
		t.Fatal(err)
	}
}

// tables returns the lists as Markdown.
func tables() string {
	var b strings.Builder
	b.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range list {
		labels := ""
		if m.labels != nil {
			labels = "`" + strings.Join(m.labels, "`, `") + "`"
		}
		b.WriteString("| `" + m.name + "` | " + string(m.kind) + " | " + labels + " | " + m.help + " |\n")
	}
	b.WriteString("\nWith `?shards=all`, each with the labels `shard` and `total`:\n\n")
	b.WriteString("| metric | type | meaning |\n|---|---|---|\n")
	for _, m := range shardList {
		b.WriteString("| `" + m.name + "` | " + string(m.kind) + " | " + m.help + " |\n")
	}
	return b.String()
}
