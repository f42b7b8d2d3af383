package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/bench/compare/proc"
)

// write writes results as a run does.
func write(t *testing.T, lines ...line) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "results.jsonl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	out := json.NewEncoder(f)
	for _, l := range lines {
		if err := out.Encode(l); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func turn(round int, load, compression, client string, events int64, cpu float64) line {
	return line{Heat: &heat{
		Round: round, Load: load, Compression: compression, Client: client, Shards: 50, Events: events,
		Span: proc.Span{Wall: 1, CPU: cpu, User: cpu / 4, System: cpu * 3 / 4, Voluntary: events / 2},
		RSS:  9_000_000, RSSStart: 4_000_000,
	}}
}

func TestPublish(t *testing.T) {
	results := write(t,
		line{About: &about{Date: "2026-01-02", Machine: "a machine", Rounds: 3, ClientCore: 0, ServerCore: 1,
			Titles: map[string]string{"bursts": "a load in bursts", "idle": "none"},
			Absent: []absence{{Client: "disgo", Compression: "zstd-stream", Why: "cannot be built"}}}},
		turn(1, "bursts", "zlib-stream", "sluice", 10_000, 0.100),
		turn(2, "bursts", "zlib-stream", "sluice", 10_000, 0.300),
		turn(3, "bursts", "zlib-stream", "sluice", 10_000, 0.120),
		turn(1, "bursts", "zlib-stream", "twilight", 10_000, 0.240),
		turn(1, "bursts", "payload", "discordgo", 5_000, 0.480),
		line{Heat: &heat{Round: 1, Load: "bursts", Compression: "payload", Client: "arikawa", Error: "arikawa: ended"}},
		turn(1, "idle", "zlib-stream", "sluice", 0, 0.010),
	)
	o, err := readResults(results)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	doc, picture := filepath.Join(dir, "doc.md"), filepath.Join(dir, "race.svg")
	before := "# Title\n" + tableBegin + "\nold\n" + tableEnd + "\nthe rest\n"
	if err := os.WriteFile(doc, []byte(before), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := publish(o, doc, picture); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"# Title\n" + tableBegin + "\nRun of 2026-01-02, short form, 3 rounds, on a machine; client on core 0, gateway on core 1.\n",
		"\n### Bursts: a load in bursts\n",
		"| zlib-stream | sluice | 12.0 (10.0 – 30.0) | – | 25 : 75 | 10000 | 12 | 0.500 | – |",
		"| zlib-stream | twilight | 24.0 (24.0 – 24.0) | 0.50 |",
		"| payload | discordgo | 96.0 (96.0 – 96.0) | – | 25 : 75 | 5000 † |",
		"| payload | arikawa | failed: arikawa: ended |",
		"| zlib-stream | sluice | 100.0 (100.0 – 100.0) | – |", // of an idle shard
		"| bursts | sluice | zlib-stream | twilight | zlib-stream | 0.75 | 0.65 | 0.50 |",
		"| bursts | sluice | zlib-stream | discordgo | payload | 0.3 | – | 0.12 |",
		"| saturated | sluice | zlib-stream | twilight | – | 0.45 | 0.4 | – |",
		"- disgo, zstd-stream: cannot be built\n" + tableEnd + "\nthe rest\n",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
	svg, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{">sluice, zlib-stream</text>", `width="400.0" height="18" rx="2" class="rival"`, "</svg>"} {
		if !strings.Contains(string(svg), want) {
			t.Errorf("the picture lacks %q:\n%s", want, svg)
		}
	}
}

func TestPublishNeedsMarks(t *testing.T) {
	doc := filepath.Join(t.TempDir(), "doc.md")
	if err := os.WriteFile(doc, []byte("no marks"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := publish(&outcome{}, doc, ""); err == nil || !strings.Contains(err.Error(), "has no lines") {
		t.Errorf("got %v", err)
	}
	if text, _ := os.ReadFile(doc); string(text) != "no marks" {
		t.Errorf("the document is now %q", text)
	}
}

func TestReadResultsNamesTheLine(t *testing.T) {
	path := write(t, line{About: &about{}})
	if err := os.WriteFile(path, []byte("{}\n{\"heat\":7}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := readResults(path); err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v", err)
	}
}

func TestSummarize(t *testing.T) {
	var heats []*heat
	for _, cpu := range []float64{4, 1, 3, 2} {
		heats = append(heats, &heat{Events: 1e6, Span: proc.Span{CPU: cpu}})
	}
	if s := summarize(heats, (*heat).cpuPerEvent); s != (summary{2.5, 1, 4}) {
		t.Errorf("of an even number: %v", s)
	}
	if s := summarize(heats[:3], (*heat).cpuPerEvent); s != (summary{3, 1, 4}) {
		t.Errorf("of an odd number: %v", s)
	}
}
