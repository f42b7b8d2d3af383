package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// summaryOf decodes the one line that demo --json may print.
func summaryOf(t *testing.T, stdout string) map[string]float64 {
	t.Helper()
	if strings.Count(stdout, "\n") != 1 {
		t.Fatalf("want one line on standard output, got:\n%s", stdout)
	}
	var s map[string]float64
	if err := json.Unmarshal([]byte(stdout), &s); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	for _, field := range strings.Fields(`shards_ready events bytes_wire bytes_json lost duplicates identifies
		resumes reconnects cpu_us_per_event allocs_per_event gc_cycles p50_us p99_us rss_bytes rss_per_shard duration_s`) {
		if _, ok := s[field]; !ok {
			t.Errorf("no field %s", field)
		}
	}
	return s
}

// The main job, in every compression, encrypted and not, over both drivers.
func TestDemo(t *testing.T) {
	for _, compress := range []string{"zlib", "zstd", "payload", "none"} {
		for _, tls := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/tls=%t", compress, tls), func(t *testing.T) {
				if compress != "zlib" || !tls {
					skipShort(t)
				}
				driver := "auto"
				if !tls {
					driver = "portable"
				}
				p := start(t, "", "demo", "--json", "--shards=4", "--duration=300ms", "--guild-size=5000",
					"--compress="+compress, "--driver="+driver, fmt.Sprintf("--tls=%t", tls))
				if status := p.wait(); status != 0 {
					t.Fatalf("status %d", status)
				}
				s := summaryOf(t, p.stdout.String())
				if s["shards_ready"] != 4 || s["identifies"] != 4 || s["lost"] != 0 || s["duplicates"] != 0 || s["reconnects"] != 0 {
					t.Errorf("%v", s)
				}
				if s["events"] < 4*3+4*200*0.3*0.5 || s["bytes_json"] < 500*s["events"] || s["duration_s"] < 0.3 {
					t.Errorf("too little was measured: %v", s)
				}
				if packed := s["bytes_wire"] < s["bytes_json"]; packed != (compress != "none") {
					t.Errorf("%v bytes on the wire for %v", s["bytes_wire"], s["bytes_json"])
				}
			})
		}
	}
}

func TestDemoOtherLoads(t *testing.T) {
	skipShort(t)
	for name, c := range map[string]struct {
		args   []string
		events float64
	}{
		"as fast as taken": {[]string{"--rate=max"}, 5000},
		"idle":             {[]string{"--rate=0", "--guilds=0"}, 2},
		"identifies wait":  {[]string{"--rate=10", "--max-concurrency=1"}, 6},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, "", append([]string{"demo", "--json", "--shards=2", "--duration=500ms"}, c.args...)...)
			if status := p.wait(); status != 0 {
				t.Fatalf("status %d", status)
			}
			if s := summaryOf(t, p.stdout.String()); s["events"] < c.events || s["lost"] != 0 || s["shards_ready"] != 2 {
				t.Errorf("%v", s)
			}
		})
	}
}

// A signal ends the demo early, and the summary is of what was until then.
func TestDemoInterrupted(t *testing.T) {
	skipShort(t)
	p := start(t, "", "demo", "--shards=2", "--duration=10m")
	p.stdout.awaitText(t, "all 2 shards ready")
	p.signal(os.Interrupt)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	wantText(t, p.stdout.String(), "shards ready   2 of 2", "lost 0, duplicates 0", "µs per event")
	if strings.Contains(p.stdout.String(), "\x1b") {
		t.Error("a live line was drawn on what is no terminal")
	}
}

func TestDemoWithoutItsGateway(t *testing.T) {
	for how, want := range map[string]string{"dies": "ended unexpectedly", "babbles": "makes no sense"} {
		p := prepare(t, "", "demo", "--json", "--shards=1")
		p.cmd.Env = append(p.cmd.Env, brokenMock+"="+how)
		p.start()
		if status := p.wait(); status != 1 || p.stdout.String() != "" {
			t.Errorf("%s: status %d, %q", how, status, p.stdout)
		}
		wantText(t, p.stderr.String(), want)
	}
}

// The gateway must not outlive a demo that was killed.
func TestDemoKilled(t *testing.T) {
	skipShort(t)
	if runtime.GOOS != "linux" {
		t.Skip("children are looked up in /proc")
	}
	p := start(t, "", "demo", "--shards=1", "--duration=10m")
	p.stdout.awaitText(t, "all 1 shards ready")
	children, err := os.ReadFile(fmt.Sprintf("/proc/%[1]d/task/%[1]d/children", p.cmd.Process.Pid))
	if err != nil {
		t.Skip(err)
	}
	child, err := strconv.Atoi(strings.Fields(string(children) + " -")[0])
	if err != nil {
		t.Skipf("no child in %q: another thread started it", children)
	}
	p.signal(syscall.SIGKILL)
	p.wait()
	eventually(t, "the end of the gateway's process", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}
