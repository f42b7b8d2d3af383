//go:build unix && !plan9 && !aix

package main

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine"
)

// TestServePage: with a credential the page has actions, as that of sluice serve has; without it they are refused. A shard that
// a person restarts resumes, and its bots see nothing of it.
func TestServePage(t *testing.T) {
	s := newServers(t)
	const credential = "what-a-person-knows"
	file := filepath.Join(t.TempDir(), "credential")
	if err := os.WriteFile(file, []byte(credential+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	page := free(t)
	_, first := s.start("first", "--http", page, "--http-credential-file", file)
	b := s.bot(first)
	s.settle(b, "one process", atLeast(1))
	post := func(path, with, form string) int {
		r, err := http.NewRequest("POST", "http://"+page+path, strings.NewReader(form))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+with)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	if code := post("/api/v1/shards/1/restart", "what-nobody-knows", ""); code != http.StatusUnauthorized && code != http.StatusForbidden {
		t.Errorf("a wrong credential is answered by %d", code)
	}
	if code := post("/api/v1/shards/1/restart", credential, ""); code/100 != 2 {
		t.Errorf("a restart is answered by %d", code)
	}
	if code := post("/api/v1/log-level", credential, "level=debug"); code/100 != 2 {
		t.Errorf("a level of the log is answered by %d", code)
	}
	for _, path := range []string{"/api/v1/shards/1/close", "/api/v1/reshard"} {
		if code := post(path, credential, "total=8"); code != http.StatusConflict {
			t.Errorf("%s, which is the fleet's to do, is answered by %d", path, code)
		}
	}
	eventually(t, "the restart", func() bool { return s.gateway.Report().Resumes >= 1 })
	s.settle(b, "a shard restarted", atLeast(1))
	b.check(t, "restarted", [serveShards]int{1, 1, 1, 1}, [serveShards]int{})
	if strings.Contains(get(t, page, "/"), credential) {
		t.Error("the page shows the credential")
	}
}

// TestServeUnix: bots of the same machine connect by a Unix socket, and have the shards of other processes, too.
func TestServeUnix(t *testing.T) {
	s := newServers(t)
	page, pages := free(t), free(t)
	path := filepath.Join(t.TempDir(), "s")
	s.start("first", "--http", page, "--unix", path)
	s.start("second", "--http", pages)
	b := s.bot("bridge", func(c *engine.Config) {
		c.Dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", path)
		}
	})
	s.settle(b, "a bot on the socket", atLeast(1))
	eventually(t, "sessions on both", func() bool { return sessions(t, page)+sessions(t, pages) == serveShards })
	s.settle(b, "a bot on the socket, with two processes", atLeast(1))
}
