//go:build unix

package book

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// examples are what each must say, in this order, before it is ended.
var examples = map[string][]string{
	"ping":        {"shard ready", "answered with 204 No Content"},
	"archive":     {"shard ready", "100 events are in "},
	"members":     {"chunk 3 of 3: 2500 members so far", "guild [0-9]+ has 2500 members"},
	"restart":     {"run 1: .* 0 missing, 1 identifies", "run 2: .* 0 missing, 0 identifies", "run 3: .* 0 missing, 0 identifies"},
	"metrics":     {"http://.* has the page", "shard ready", "shard ready", "shard ready", "shard ready"},
	"nats":        {"events go to nats://", `bot\.ev\.1\.0\.MESSAGE_CREATE: [0-9]+ bytes`},
	"disgo/typed": {"shard ready", "wrote [0-9]+ characters in channel [0-9]+"},
	"disgo/bot":   {"shard ready", "shard 0: .* wrote a message"},
	"testing":     {"--- PASS: TestResumesAfterADrop", "^ok  "},
	"python":      nil, // run by gatewaytest/clients
	"node":        nil,
}

// row is a line of the table in examples/README.md.
var row = regexp.MustCompile("(?m)^\\| \\[([^]]*)\\]\\(([^)]*)\\) \\| .* \\| `(.*)` \\|$")

// TestExamples runs the commands of examples/README.md as they stand there.
func TestExamples(t *testing.T) {
	rows := row.FindAllStringSubmatch(read(t, "examples/README.md"), -1)
	if len(rows) != len(examples) {
		t.Errorf("the table has %d examples, want %d", len(rows), len(examples))
	}
	bin := ""
	for _, r := range rows {
		name, file, line := r[1], r[2], r[3]
		says, known := examples[name]
		if !known || !strings.HasPrefix(file, name+"/") {
			t.Errorf("%s: not an example that is known here", name)
		}
		if _, err := os.Stat(filepath.Join(root, "examples", file)); err != nil {
			t.Error(err)
		}
		if says == nil || !*all {
			continue
		}
		if bin == "" {
			bin = sluice(t)
		}
		line = strings.Replace(line, "go run ./cmd/sluice", filepath.Join(bin, "sluice"), 1) // built once for all
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			runExample(t, name, line, says)
		})
	}
}

func runExample(t *testing.T, name, line string, says []string) {
	tmp := t.TempDir()
	env := environment("TMPDIR=" + tmp)
	interrupt := func(string) {}
	switch name {
	case "archive":
		said := run(t, root, line, env, says, interrupt)
		text, err := os.ReadFile(filepath.Join(tmp, "events.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		if want := fmt.Sprintf("wrote %d events\n", strings.Count(string(text), "\n")); !strings.HasSuffix(said, want) {
			t.Errorf("want %q at the end of\n%s", want, said)
		}
	case "metrics":
		run(t, root, line+" -http 127.0.0.1:0", env, says, func(said string) {
			url := regexp.MustCompile(`http://[0-9.:]+`).FindString(said)
			for path, want := range map[string]string{"/": "<html", "/healthz": "", "/metrics": "sluice_events_total"} {
				res, err := http.Get(url + path)
				if err != nil {
					t.Error(err)
					continue
				}
				body, err := io.ReadAll(res.Body)
				_ = res.Body.Close()
				if err != nil || res.StatusCode != 200 || !strings.Contains(string(body), want) {
					t.Errorf("%s: %s, %v, %d bytes without %q", path, res.Status, err, len(body), want)
				}
			}
		})
	case "members", "restart", "testing": // they end by themselves
		run(t, root, line, env, says, nil)
	default:
		run(t, root, line, env, says, interrupt)
	}
}
