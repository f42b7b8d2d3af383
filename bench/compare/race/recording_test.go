package main

import (
	"context"
	"os/exec"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bench/compare/proc"
)

// TestRecordedHeat runs the gateway with a recording, and this project's client.
func TestRecordedHeat(t *testing.T) {
	if proc.Supported() != nil || testing.Short() {
		t.Skip("builds and runs programs, on Linux")
	}
	t.Chdir("..")
	for _, name := range []string{"server", "sluice"} {
		if out, err := exec.Command("go", "build", "-o", "bin/"+name, "./"+name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	rec, err := openRecording("../testdata/sample.trace")
	if err != nil {
		t.Fatal(err)
	}
	if rec.File != "sample.trace" || rec.Shards != 4 || rec.Rate < 50 {
		t.Errorf("%+v", rec)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for _, l := range rec.loads(false) {
		l.window = 500 * time.Millisecond
		g, err := startGateway(ctx, l, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		h, err := g.heat(ctx, field[0], "zlib-stream", 1)
		if _, stopped := g.Stop(); err != nil || stopped != nil {
			t.Fatal(err, stopped)
		}
		if h.Events < 50 || h.Span.CPU <= 0 || h.Shards != 4 {
			t.Errorf("%s: %+v", l.name, h)
		}
		t.Log(h)
	}
}
