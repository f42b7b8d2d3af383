package main

import (
	"context"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bench/compare/client"
	"github.com/sluice-go/sluice/bench/compare/proc"
	"github.com/sluice-go/sluice/bench/compare/server/wire"
)

// TestSound gives each fault that a client can have.
func TestSound(t *testing.T) {
	r := &runner{Process: &proc.Process{Name: "client"}, shards: 2}
	report := wire.Report{Last: []int64{5, 7}}
	for _, test := range []struct {
		name   string
		answer client.Answer
		want   string // "": sound
	}{
		{"all", client.Answer{Events: 12, Last: []int64{5, 7}}, ""},
		{"not all yet", client.Answer{Events: 8, Last: []int64{5, 3}}, ""},
		{"a jump", client.Answer{Events: 11, Faults: 1, Last: []int64{5, 7}}, "1 of 11 events did not follow"},
		{"too few", client.Answer{Events: 11, Last: []int64{5, 7}}, "0 of 11 events did not follow"},
		{"invented", client.Answer{Events: 13, Last: []int64{5, 8}}, "shard 1 counts to 8, further than was written"},
		{"a shard too many", client.Answer{Events: 3, Last: []int64{1, 1, 1}}, "shard 2 counts to 1, further than was written"},
	} {
		err := r.sound(test.answer, report)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: got %v, want %q", test.name, err, test.want)
		}
	}
}

// TestHeat runs the gateway and this project's client.
func TestHeat(t *testing.T) {
	if proc.Supported() != nil || testing.Short() {
		t.Skip("builds and runs programs, on Linux")
	}
	t.Chdir("..")
	for _, name := range []string{"server", "sluice"} {
		if out, err := exec.Command("go", "build", "-o", "bin/"+name, "./"+name).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := attend(ctx, field[0], "zlib-stream"); err != nil {
		t.Fatal(err)
	}
	l := load{name: "test", shards: 3, rate: 100, guilds: 4, size: 3000, heartbeat: time.Minute, window: 300 * time.Millisecond}
	for _, window := range []time.Duration{l.window, 0} {
		if l.window = window; window == 0 {
			l.rate = 0
		}
		g, err := startGateway(ctx, l, t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		h, err := g.heat(ctx, field[0], "zstd-stream", 1)
		if _, stopped := g.Stop(); err != nil || stopped != nil {
			t.Fatal(err, stopped)
		}
		if window == 0 && h.Events != int64(l.shards*(1+l.guilds)) {
			t.Errorf("%d events of a startup, want %d", h.Events, l.shards*(1+l.guilds))
		}
		if h.Events <= 0 || h.Span.CPU <= 0 || h.RSSStart <= 0 || h.RSS <= h.RSSStart || h.Connect.CPU <= 0 ||
			h.Lifetime.PeakRSS < h.RSS/2 || h.Lifetime.Voluntary <= 0 {
			t.Errorf("figures are missing: %+v", h)
		}
	}
}
