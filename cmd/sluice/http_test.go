package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/internal/flags"
)

func TestWrongHTTPFlags(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", anyToken)
	for _, c := range []struct {
		call string
		want string
	}{
		{"run --http-pprof", "of use only with --http"},
		{"demo --http-ready 0.5", "of use only with --http"},
		{"run --http 1 --http-ready 2", "a share above 0 and up to 1"},
		{"run --log-format xml", "want text or json"},
		{"top", "want the URL of a bot's page"},
		{"top http://a http://b", "want the URL of a bot's page"},
		{"top ftp://a", "no address of a page"},
		{"top --sort size http://a", "want one of shard, rate"},
	} {
		status, _, errOut := call(strings.Fields(c.call)...)
		if status != 2 || !strings.Contains(errOut, c.want) {
			t.Errorf("%s: status %d, %s", c.call, status, errOut)
		}
	}
	if status, _, errOut := call("top", "http://127.0.0.1:1"); status != 1 || !strings.Contains(errOut, "is the bot running with --http?") {
		t.Errorf("status %d, %s", status, errOut)
	}
}

// TestHTTPAddressInUse ends run before it connects.
func TestHTTPAddressInUse(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	t.Setenv("DISCORD_TOKEN", anyToken)
	status, _, errOut := call("run", "--http", l.Addr().String(), "--shards", "1", "--gateway-url", "ws://127.0.0.1:1")
	if status != 1 || !strings.Contains(errOut, "--http: cannot listen on "+l.Addr().String()) || !strings.Contains(errOut, "choose another port") {
		t.Errorf("status %d, %s", status, errOut)
	}
}

// TestCredential comes from a file or the environment, which loses it.
func TestCredential(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Setenv("SLUICE_HTTP_CREDENTIAL", " of the environment\n")
	var o httpOptions
	if got, err := o.Credential(); got != "of the environment" || err != nil || os.Getenv("SLUICE_HTTP_CREDENTIAL") != "" {
		t.Errorf("%q, %v", got, err)
	}
	o.CredentialFile = write("good", "of a file, long enough\n")
	if got, err := o.Credential(); got != "of a file, long enough" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	for _, path := range []string{write("empty", "\n"), write("long", strings.Repeat("x", maxTokenFile+1)), filepath.Join(dir, "none")} {
		o.CredentialFile = path
		if got, err := o.Credential(); err == nil || !strings.Contains(err.Error(), "--http-credential-file") {
			t.Errorf("%q, %v", got, err)
		}
	}
	if a, b := newCredential(), newCredential(); len(a) < 16 || a == b {
		t.Error("a credential that can be guessed")
	}
}

// TestShow serves the page until it is stopped.
func TestShow(t *testing.T) {
	eng, err := engine.New(engine.Config{Token: engine.NewToken(anyToken)})
	if err != nil {
		t.Fatal(err)
	}
	o := httpOptions{Page: flags.Page{Address: "127.0.0.1:0"}}
	if _, _, err := o.show(eng, "", "short", nil, silent); err == nil || !strings.Contains(err.Error(), "the credential: 5 characters can be guessed") {
		t.Error(err)
	}
	page, hide, err := o.show(eng, "a title", "", nil, silent)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(page)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(answer.Body)
	answer.Body.Close()
	if err != nil || !strings.Contains(string(text), "a title") || answer.StatusCode != 200 {
		t.Errorf("%d, %v, %s", answer.StatusCode, err, text)
	}
	for path, want := range map[string]string{"metrics": "sluice_shards{state=\"Ready\"} 0\n", "metrics?shards=all": "# TYPE sluice_shard_state gauge\n"} {
		answer, err := http.Get(page + path)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(answer.Body)
		answer.Body.Close()
		if err != nil || answer.StatusCode != http.StatusOK || !strings.Contains(string(text), want) {
			t.Errorf("%s: %s, %v, %.300s", path, answer.Status, err, text)
		}
	}
	hide()
	if answer, err := http.Get(page); err == nil {
		answer.Body.Close()
		t.Error("the page is there after it was hidden")
	}
	if page, hide, err := (&httpOptions{}).show(eng, "", "", nil, silent); page != "" || err != nil {
		t.Error(page, err)
	} else {
		hide()
	}
}

// TestDemoInvites to its page.
func TestDemoInvites(t *testing.T) {
	p := start(t, "", "demo", "--http=127.0.0.1:0", "--shards=2", "--duration=300ms", "--guild-size=5000", "--json")
	status := p.wait()
	out, errOut := p.stdout.String(), p.stderr.String()
	if status != 0 || !strings.Contains(errOut, "Open http://127.0.0.1:") || !strings.Contains(errOut, "the credential is ") || !strings.HasPrefix(out, "{") {
		t.Errorf("status %d, %s, %s", status, out, errOut)
	}
}

// TestLogFormat is text or JSON, and lines that repeat are counted.
func TestLogFormat(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var b bytes.Buffer
		var o flags.Log
		if err := o.Format.Set(format); err != nil {
			t.Fatal(err)
		}
		logger, level, flush := o.Open(&b)
		for shard := range 3 {
			logger.Warn("connection ended", "shard", shard)
		}
		logger.Debug("not yet")
		level.Set(slog.LevelDebug)
		logger.Debug("but now")
		flush()
		lines := strings.Split(strings.TrimSpace(b.String()), "\n")
		if len(lines) != 3 && len(lines) != 4 || strings.Contains(b.String(), "not yet") || !strings.Contains(b.String(), "but now") {
			t.Errorf("%s", b.String())
		}
		for _, line := range lines {
			if json.Valid([]byte(line)) != (format == "json") {
				t.Errorf("%s: %s", format, line)
			}
		}
	}
}
