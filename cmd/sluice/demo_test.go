package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// summaryOf decodes the numbers of the one line that demo --json may print.
func summaryOf(t *testing.T, stdout string) map[string]float64 {
	t.Helper()
	if strings.Count(stdout, "\n") != 1 {
		t.Fatalf("want one line on standard output, got:\n%s", stdout)
	}
	var all map[string]any
	if err := json.Unmarshal([]byte(stdout), &all); err != nil {
		t.Fatalf("%v in %s", err, stdout)
	}
	s := make(map[string]float64)
	for field, value := range all {
		if number, ok := value.(float64); ok {
			s[field] = number
		}
	}
	for _, field := range strings.Fields(`shards_ready events bytes_wire bytes_json lost duplicates identifies
		resumes reconnects heartbeats heartbeats_least cpu_us_per_event allocs_per_event gc_cycles p50_us p99_us rss_bytes rss_per_shard duration_s`) {
		if _, ok := s[field]; !ok {
			t.Errorf("no field %s", field)
		}
	}
	return s
}

// The main job, in every compression, encrypted and not, over both drivers.
func TestDemo(t *testing.T) {
	t.Parallel()
	for _, compress := range []string{"zlib", "zstd", "payload", "none"} {
		for _, tls := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s/tls=%t", compress, tls), func(t *testing.T) {
				if compress != "zlib" || !tls {
					skipShort(t)
				}
				t.Parallel()
				driver := "auto"
				if !tls {
					driver = "portable"
				}
				p := start(t, "", "demo", "--json", "--shards=4", "--duration=300ms", "--guild-size=5000",
					"--compress="+compress, "--driver="+driver, fmt.Sprintf("--tls=%t", tls))
				if status := p.wait(); status != 0 {
					t.Fatalf("status %d", status)
				}
				if how := map[bool]string{true: `"tls_records":"(lent"|plain","tls_why":".)`, false: `"tls_records":"none"`}[tls]; !regexp.MustCompile(how).MatchString(p.stdout.String()) {
					t.Errorf("no word of how TLS records are read: %s", p.stdout.String())
				}
				s := summaryOf(t, p.stdout.String())
				if s["shards_ready"] != 4 || s["identifies"] != 4 || s["lost"] != 0 || s["duplicates"] != 0 || s["reconnects"] != 0 {
					t.Errorf("%v", s)
				}
				// How much more than READY and two guilds a shard gets is the machine's affair.
				if s["events"] <= 4*3 || s["bytes_json"] < 500*s["events"] || s["duration_s"] < 0.3 {
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
	t.Parallel()
	for name, c := range map[string]struct {
		args   []string
		events float64
	}{
		"as fast as taken": {[]string{"--rate=max"}, 100},
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	p := start(t, "", "demo", "--shards=1", "--duration=10m")
	p.stdout.awaitText(t, "all 1 shards ready")
	child := childOf(t, p)
	p.signal(syscall.SIGKILL)
	p.wait()
	eventually(t, "the end of the gateway's process", func() bool {
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", child.Pid))
		return err != nil || strings.Contains(string(stat), ") Z ")
	})
}

// A gateway that dies in the middle ends the demo at once, with a cause.
func TestDemoGatewayKilled(t *testing.T) {
	skipShort(t)
	t.Parallel()
	p := start(t, "", "demo", "--json", "--shards=1", "--duration=10m")
	p.stderr.awaitText(t, "all 1 shards ready")
	if err := childOf(t, p).Kill(); err != nil {
		t.Fatal(err)
	}
	if status := p.wait(); status != 1 || p.stdout.String() != "" {
		t.Errorf("status %d, %q", status, p.stdout)
	}
	wantText(t, p.stderr.String(), "the mock gateway", "ended unexpectedly")
}

// A signal before all shards are ready is an end too: the second one waits for
// its turn to identify.
func TestDemoInterruptedBeforeReady(t *testing.T) {
	skipShort(t)
	t.Parallel()
	p := start(t, "", "demo", "--json", "--shards=20", "--duration=10m", "--max-concurrency=1", "--guild-size=100")
	p.stderr.awaitText(t, "of 20 shards ready")
	p.signal(os.Interrupt)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	if s := summaryOf(t, p.stdout.String()); s["shards_ready"] < 1 || s["shards_ready"] == 20 || s["lost"] != 0 {
		t.Errorf("%v", s)
	}
	wantText(t, p.stderr.String(), "ended by a signal when")
}

// childOf returns the gateway's process of a demo. Any of its threads may have
// started it.
func childOf(t *testing.T, p *process) *os.Process {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("children are looked up in /proc")
	}
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", p.cmd.Process.Pid))
	if err != nil || len(files) == 0 {
		t.Skip("this kernel does not list children")
	}
	for _, file := range files {
		text, _ := os.ReadFile(file) // a thread may have ended
		if fields := strings.Fields(string(text)); len(fields) > 0 {
			pid, err := strconv.Atoi(fields[0])
			if err != nil {
				t.Fatal(err)
			}
			child, err := os.FindProcess(pid)
			if err != nil {
				t.Fatal(err)
			}
			return child
		}
	}
	t.Fatal("the demo has no child process")
	return nil
}
