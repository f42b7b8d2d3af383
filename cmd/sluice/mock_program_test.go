package main

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// sh skips tests that need a shell where there is none.
func sh(t *testing.T) string {
	t.Helper()
	path, err := exec.LookPath("sh")
	if err != nil || runtime.GOOS == "windows" {
		t.Skip("there is no shell here")
	}
	return path
}

// A program behind -- is told where the server is, and the mock ends with it.
func TestMockProgram(t *testing.T) {
	for _, c := range []struct {
		script string
		status int
		says   string
	}{
		{`echo "$DISCORD_API_URL $DISCORD_GATEWAY_URL $DISCORD_TOKEN"`, 0, ""},
		{`exit 3`, 1, "sluice: sh: exit status 3\n"},
	} {
		p := start(t, "another", "mock", "--tls=false", "--", sh(t), "-c", c.script)
		if status := p.wait(); status != c.status {
			t.Errorf("%s: status %d, want %d", c.script, status, c.status)
		}
		if says := p.stderr.String(); says != c.says {
			t.Errorf("%s: %q, want %q", c.script, says, c.says)
		}
		if c.status == 0 {
			words := strings.Fields(p.stdout.String())
			if len(words) != 3 || !strings.HasPrefix(words[0], "http://") || !strings.HasPrefix(words[1], "ws://") || words[2] == "another" {
				t.Errorf("the program has %q", words)
			}
		}
	}
}

// What cannot be run is an error, and so is a program without the dashes.
func TestMockNoProgram(t *testing.T) {
	p := start(t, "", "mock", "--tls=false", "--", "/no/such/program")
	if status := p.wait(); status != 1 || !strings.Contains(p.stderr.String(), "/no/such/program") {
		t.Errorf("status %d, %q", status, p.stderr)
	}
	p = start(t, "", "mock", "go", "run", ".")
	if status := p.wait(); status != 2 || !strings.Contains(p.stderr.String(), "put -- in front of a program") {
		t.Errorf("status %d, %q", status, p.stderr)
	}
}

// SIGTERM reaches the program, which ends in its own way.
func TestMockProgramTerminated(t *testing.T) {
	sh(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	p := start(t, "", "mock", "--tls=false", "--", "sh", "-c", `exec "$0" run --api-url "$DISCORD_API_URL" --out -`, self)
	p.stdout.awaitText(t, `"t":"READY"`)
	p.signal(syscall.SIGTERM)
	if status := p.wait(); status != 0 {
		t.Errorf("status %d", status)
	}
}
