package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
)

// writeTrace writes a trace of n messages of two shards, a second apart.
func writeTrace(t *testing.T, n int, h trace.Header) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "bot.trace")
	w, err := trace.NewWriter(path, h)
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	write := func(rec trace.Record) {
		if err := w.Write(&rec); err != nil {
			t.Fatal(err)
		}
	}
	write(trace.Record{At: begun, Kind: trace.Opened})
	for i := range n {
		name := []string{"MESSAGE_CREATE", "TYPING_START", "MESSAGE_CREATE"}[i%3]
		write(trace.Record{At: begun.Add(time.Duration(i) * time.Second), Shard: i % 2, Kind: trace.Received, Wire: 40,
			Payload: fmt.Appendf(nil, `{"t":"%s","s":%d,"op":0,"d":{"content":"everybody dance %d"}}`, name, i+1, i)})
	}
	write(trace.Record{At: begun.Add(time.Duration(n) * time.Second), Kind: trace.Closed, Code: 4000})
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// must runs the program within the test, which must do well.
func must(t *testing.T, args ...string) string {
	t.Helper()
	status, out, errOut := call(args...)
	if status != 0 || errOut != "" {
		t.Fatalf("%q: status %d, %s", args, status, errOut)
	}
	return out
}

func TestTraceInfo(t *testing.T) {
	path := writeTrace(t, 300, trace.Header{Shards: 2, Compression: trace.ZstdStream})
	wantText(t, must(t, "trace", "info", path), "closed in order", "redacted     no", "5m0s from 2026-11-28T12:00:00Z",
		"2 seen of 2, compression zstd-stream", "302 (300 received, 1 opened, 1 closed)", "200  66.67 %", "MESSAGE_CREATE", "rate         █")
	var info struct {
		Records int64
		Events  []struct {
			Name   string
			Count  int64
			Median int `json:"median_bytes"`
		}
		Rates []float64
	}
	if err := json.Unmarshal([]byte(must(t, "trace", "info", "--json", path)), &info); err != nil {
		t.Fatal(err)
	}
	if info.Records != 302 || len(info.Rates) != chartWidth || len(info.Events) != 2 || info.Events[0].Name != "MESSAGE_CREATE" || info.Events[0].Count != 200 ||
		info.Events[0].Median < 60 || info.Events[0].Median > 80 {
		t.Errorf("%+v", info)
	}
}

// TestCatAndImport: what cat writes, import reads back as it was.
func TestCatAndImport(t *testing.T) {
	path := writeTrace(t, 30, trace.Header{})
	lines := must(t, "trace", "cat", path)
	wantText(t, lines, `{"at":"2026-11-28T12:00:00.000000Z","shard":0,"kind":"opened"}`,
		`{"at":"2026-11-28T12:00:03.000000Z","shard":1,"kind":"received","wire":40,"payload":{"t":"MESSAGE_CREATE","s":4,`, `"kind":"closed","code":4000}`)
	file := filepath.Join(t.TempDir(), "lines")
	if err := os.WriteFile(file, []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(t.TempDir(), "again.trace")
	must(t, "trace", "import", file, "--redact=false", "--out", again)
	if got := must(t, "trace", "cat", again); got != lines {
		t.Errorf("read back as\n%s\nwant\n%s", got, lines)
	}
	if out := must(t, "trace", "cat", path, "--payloads", "--shard", "1", "--from", "27s"); strings.Count(out, "\n") != 2 || !strings.HasPrefix(out, `{"t":"MESSAGE_CREATE","s":28,`) {
		t.Errorf("from 27 s on shard 1 got\n%s", out)
	}
}

func TestImport(t *testing.T) {
	const token = "MTAxMTAxMTAxMTAxMTAxMTAx.Gabcde.0123456789abcdefghijklmnopqrstuvwxyzAB"
	text := strings.Join([]string{
		`{"t":"MESSAGE_CREATE","s":1,"op":0,"d":{"content":"a secret"}}`,
		``,
		`{"ts":1788285600.5,"shard_id":3,"payload":"{\"t\":\"TYPING_START\",\"s\":2,\"op\":0,\"d\":{}}"}`,
		`{"op":2,"d":{"token":"` + token + `"}}`,
		`{"time":"2026-11-28 15:04:05,123","payload":{"op":11,"d":null}}`,
	}, "\n")
	dir := t.TempDir()
	file, out := filepath.Join(dir, "lines"), filepath.Join(dir, "x.trace")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, must(t, "trace", "import", file, "--out", out), "4 events of 5 lines, 0 passed over")
	got := must(t, "trace", "cat", out)
	wantText(t, got, `"at":"2026-09-01T18:00:00.500000Z","shard":3,"kind":"received","payload":{"t":"TYPING_START"`, `"kind":"sent","payload":{"op":2,"d":{"token":"`, `"at":"2026-11-28T15:04:05.123000Z"`)
	if strings.Contains(got, "secret") || strings.Contains(got, token) {
		t.Errorf("not redacted:\n%s", got)
	}
	for _, bad := range []string{"DEBUG nothing", `{"t":"MESSAGE_CREATE"}`, `{"payload":5}`, `{"payload":{"op":0},"kind":"flown"}`, `[1]`, `{"op":0,"shard":-5}`} {
		if err := os.WriteFile(file, []byte(text+"\n"+bad+"\n"+text+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		out := filepath.Join(t.TempDir(), "x.trace")
		status, _, errOut := call("trace", "import", file, "--out", out)
		if status != 1 {
			t.Errorf("%s: status %d", bad, status)
		}
		wantText(t, errOut, file+", line 6: ", "--skip-bad", "has the 4 events before it")
		if n := strings.Count(must(t, "trace", "cat", out), "\n"); n != 4 {
			t.Errorf("%s: %d events are kept", bad, n)
		}
		out = filepath.Join(t.TempDir(), "y.trace")
		wantText(t, must(t, "trace", "import", file, "--skip-bad", "--out", out), "8 events of 11 lines, 1 passed over")
	}
}

func TestCutAndRedact(t *testing.T) {
	path := writeTrace(t, 60, trace.Header{Shards: 2})
	dir := t.TempDir()
	out := func(name string) string { return filepath.Join(dir, name) }
	wantText(t, must(t, "trace", "cut", path, "--from", "10s", "--to", "2026-11-28T12:00:20Z", "--shard", "1", "--out", out("a")), "5 of 62 events")
	wantText(t, must(t, "trace", "cut", path, "--events", "TYPING_START", "--limit", "7", "--out", out("b")), "7 of 62 events")
	wantText(t, must(t, "trace", "redact", path, "--out", out("c")), "62 events, redacted")
	before, after := must(t, "trace", "cat", path), must(t, "trace", "cat", out("c"))
	if len(before) != len(after) || strings.Contains(after, "everybody") || !strings.Contains(after, "TYPING_START") {
		t.Errorf("redacted:\n%.300s", after)
	}
	wantText(t, must(t, "trace", "info", out("c")), "redacted     yes", "2 seen of 2")
	key := filepath.Join(dir, "key")
	if err := os.WriteFile(key, bytes.Repeat([]byte("k"), 32), 0o600); err != nil {
		t.Fatal(err)
	}
	must(t, "trace", "redact", path, "--redact-key-file", key, "--out", out("d"))
	must(t, "trace", "redact", path, "--redact-key-file", key, "--out", out("e"))
	if must(t, "trace", "cat", out("d")) != must(t, "trace", "cat", out("e")) {
		t.Error("the same key gives other replacements")
	}
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"trace", "redact", out("c"), "--out", out("f")}, "redacted already"},
		{[]string{"trace", "redact", path, "--out", out("c")}, "exists already"},
		{[]string{"trace", "redact", path}, "--out is missing"},
		{[]string{"trace", "redact", path, "--redact-key-file", filepath.Join(dir, "none"), "--out", out("f")}, "cannot read --redact-key-file"},
		{[]string{"trace", "info", key}, "this is no trace"},
		{[]string{"trace", "cat", out("none")}, "cannot open the file"},
		{[]string{"replay", key}, "this is no trace"},
		{[]string{"demo", "--trace", key}, "this is no trace"},
	} {
		if status, _, errOut := call(test.args...); status != 1 || !strings.Contains(errOut, test.want) || strings.HasPrefix(errOut, "sluice: trace: ") {
			t.Errorf("%q: status %d, %s", test.args, status, errOut)
		}
	}
}

func TestTraceRepair(t *testing.T) {
	path := writeTrace(t, 60, trace.Header{})
	wantText(t, must(t, "trace", "repair", path), "is in order: 62 events")
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, data[:len(data)-20], 0o600); err != nil {
		t.Fatal(err)
	}
	wantText(t, must(t, "trace", "info", path), "not closed", "sluice trace repair mends it")
	copied := filepath.Join(t.TempDir(), "copy.trace")
	wantText(t, must(t, "trace", "repair", path, "--out", copied), "is repaired: 62 events in 1 blocks are kept")
	wantText(t, must(t, "trace", "info", copied), "closed in order")
	wantText(t, must(t, "trace", "info", path), "not closed")
	if status, _, errOut := call("trace", "repair", path, "--out", copied); status != 1 || !strings.Contains(errOut, "exists already") {
		t.Errorf("status %d, %s", status, errOut)
	}
}

func TestLimitFlag(t *testing.T) {
	var f limitFlag
	for text, want := range map[string]limitFlag{
		"1000":           {events: 1000},
		"90s":            {time: 90 * time.Second},
		"1.5GB":          {bytes: 1_500_000_000},
		"10,1h,500MiB":   {events: 10, time: time.Hour, bytes: 500 << 20},
		"200kB":          {bytes: 200_000},
		"2562047h,10TB":  {time: 2562047 * time.Hour, bytes: 10_000_000_000_000},
		"1,2":            {events: 2},
		"500MB,3000000s": {bytes: 500_000_000, time: 3_000_000 * time.Second},
	} {
		if err := f.Set(text); err != nil || f != want {
			t.Errorf("%s: %+v, %v", text, f, err)
		}
	}
	for _, text := range []string{"", "0", "-5", "1h,", "MB", "NaNMB", "infGB", "1e300TB"} {
		if err := f.Set(text); err == nil {
			t.Errorf("%q is accepted: %+v", text, f)
		}
	}
}
