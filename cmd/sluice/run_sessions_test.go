package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
	"github.com/sluice-go/sluice/gatewaytest"
)

// deliveries returns how often each sequence stands in a file of events, RESUMED
// left out.
func deliveries(t *testing.T, file string) map[int64]int {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	seqs := map[int64]int{}
	for _, line := range strings.SplitAfter(string(text), "\n") {
		var event struct {
			S int64
			T string
		}
		if !strings.HasSuffix(line, "\n") {
			continue // is being written
		}
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		if event.T != "RESUMED" {
			seqs[event.S]++
		}
	}
	return seqs
}

// A run that is ended and started again, or replaced by one that starts before
// it has ended, goes on where the last one was: no identify, and every event once.
func TestRunSessionFile(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"auto", "portable"} {
		t.Run(driver, func(t *testing.T) {
			t.Parallel()
			srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false), gatewaytest.WithTraffic(200), gatewaytest.WithGuilds(2, 2048))
			dir := t.TempDir()
			events := filepath.Join(dir, "events")
			args := runArgs(t, srv, "--out="+events, "--session-file="+filepath.Join(dir, "sessions"), "--driver="+driver)
			more := func() func() bool {
				before := len(deliveries(t, events))
				return func() bool { return len(deliveries(t, events)) > before+50 }
			}
			p := start(t, srv.Token(), args...)
			eventually(t, "events", more())
			for round := range 4 {
				next := prepare(t, srv.Token(), args...)
				if round%2 == 1 {
					next.start() // waits for the file
					eventually(t, "the second to wait", func() bool {
						return strings.Contains(next.stderr.String(), "still waiting for the saved sessions")
					})
				}
				p.signal(syscall.SIGTERM)
				if status := p.wait(); status != 0 {
					t.Fatalf("status %d", status)
				}
				if round%2 == 0 {
					next.start()
				}
				eventually(t, "events after the restart", more())
				p = next
			}
			if err := srv.Quiesce(t.Context()); err != nil {
				t.Fatal(err)
			}
			report := srv.Report()
			last := report.Sessions[0].LastSeq
			eventually(t, "the last event", func() bool { return deliveries(t, events)[last] > 0 })
			p.signal(syscall.SIGTERM)
			if status := p.wait(); status != 0 {
				t.Errorf("status %d", status)
			}
			seqs := deliveries(t, events)
			for seq := int64(1); seq <= last; seq++ {
				if seqs[seq] != 1 {
					t.Errorf("sequence %d came %d times", seq, seqs[seq])
				}
			}
			if report.Identifies != 1 || report.Resumes != 4 {
				t.Errorf("%d identifies, %d resumes", report.Identifies, report.Resumes)
			}
		})
	}
}

// A file that cannot be used ends the command with cause and remedy, before
// anything was sent; a damaged one does not.
func TestRunSessionFileRefused(t *testing.T) {
	t.Parallel()
	srv := gatewaytest.NewServer(t, gatewaytest.WithTLS(false))
	snapshot := func(token string, shards int) string {
		s := session.Snapshot{Bot: engine.NewToken(token).Hash(), Shards: shards,
			Sessions: []session.Saved{{Session: session.Session{ID: "abc", Seq: 1}}}}
		text, err := s.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "sessions")
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	locked := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(locked, 0o500); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	type refused struct {
		file string
		want []string
		args []string
	}
	tests := []refused{
		{dir, []string{dir, "is a directory"}, nil},
		{filepath.Join(dir, "none", "sessions"), []string{"no such file or directory"}, nil},
		{snapshot("an.other.token", 1), []string{"another bot", "remove this one"}, nil},
		{snapshot(srv.Token(), 16), []string{"16 shards", "1 are to run", "--shards 16"}, []string{"--shards=1"}},
	}
	if os.Getuid() > 0 {
		tests = append(tests, refused{filepath.Join(locked, "sessions"), []string{"permission denied"}, nil})
	}
	for _, test := range tests {
		p := start(t, srv.Token(), runArgs(t, srv, append(test.args, "--session-file="+test.file)...)...)
		if status := p.wait(); status != 1 {
			t.Errorf("%s: status %d", test.file, status)
		}
		lines := p.stderr.lines()
		wantText(t, lines[len(lines)-1], append(test.want, "sluice: ")...)
		if strings.Contains(lines[len(lines)-1], "engine: ") || strings.Contains(lines[len(lines)-1], "Config.") {
			t.Errorf("in words of the library: %s", lines[len(lines)-1])
		}
	}
	if n := srv.Report().Connections; n != 0 {
		t.Errorf("%d connections", n)
	}

	file := filepath.Join(t.TempDir(), "sessions")
	if err := os.WriteFile(file, []byte(`{"version":1,"saved":"20`), 0o600); err != nil {
		t.Fatal(err)
	}
	p := start(t, srv.Token(), runArgs(t, srv, "--session-file="+file)...)
	awaitReady(t, srv, 0)
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
	wantText(t, p.stderr.String(), "saved sessions cannot be used", ".damaged-")
	if text, err := os.ReadFile(file); err != nil || !strings.Contains(string(text), fmt.Sprintf(`"bot":%q`, engine.NewToken(srv.Token()).Hash())) {
		t.Errorf("the file holds %q, %v", text, err)
	}
}
