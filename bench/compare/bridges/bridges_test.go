package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/bench/compare/proc"
)

func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) == botsRole {
		client.Main(connect)
	}
	os.Exit(m.Run())
}

// TestMeasure measures this project's bridge, with and without traffic.
func TestMeasure(t *testing.T) {
	if proc.Supported() != nil || testing.Short() {
		t.Skip("Linux only, and it builds two programs")
	}
	t.Chdir("..")
	program := filepath.Join(t.TempDir(), "sluice")
	for _, build := range []*exec.Cmd{
		exec.Command("go", "build", "-o", "bin/server", "./server"),
		exec.Command("go", "build", "-C", "../../cmd/sluice", "-o", program, "."),
	} {
		build.Env = append(os.Environ(), "GOWORK=off")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	for _, rate := range []int{0, 50} {
		l := load{shards: 3, guilds: 2, size: 10_000, rate: rate, settle: 100 * time.Millisecond, window: 500 * time.Millisecond}
		f, err := measure(t.Context(), l, contenders(program, "", "zstd")[0])
		if err != nil {
			t.Fatal(err)
		}
		if f.rss <= 0 || f.alone <= 0 || f.events > 0 != (rate > 0) || rate > 0 && f.span.CPU <= 0 {
			t.Errorf("%d events a second: figures are missing: %+v", rate, f)
		}
	}
}

// TestTables: medians, ratios to sluice, and a guild by the difference to none.
func TestTables(t *testing.T) {
	r := &results{}
	empty, filled, lone := load{name: noGuilds, shards: 2}, load{name: "guilds", shards: 2, guilds: 50}, load{name: "lone", title: "one by one", rate: 1}
	for i, name := range []string{"sluice", "other"} {
		for round := range 3 {
			n := float64(i+1) * float64(round+1)
			r.add(empty, name, &figures{rss: 1e6, alone: 1e6})
			r.add(filled, name, &figures{rss: int64(1e6 + n*1e6), alone: int64(1e6 + n*5e5)})
			r.add(lone, name, &figures{events: 1e6, delivered: 1, span: proc.Span{CPU: n, Voluntary: 5e5}})
		}
	}
	got := r.markdown()
	for _, want := range []string{
		"| one by one | sluice | 2.0 (1.0 – 3.0) | – | 1.000 | 0.50 |\n",
		"| one by one | other | 4.0 (2.0 – 6.0) | 0.50 | 1.000 | 0.50 |\n",
		"| bridge | RSS MB without guilds | with 100 guilds,",
		"| sluice | 1.0 | 2.0 | 3.0 | 10.00 | 20.00 (10.00 – 30.00) | – |\n",
		"| other | 1.0 | 3.0 | 5.0 | 20.00 | 40.00 (20.00 – 60.00) | 0.50 |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no line %q in\n%s", want, got)
		}
	}
}
