//go:build !plan9 && !aix

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/internal/flags"
)

// TestServeMistakes: each says what is wrong, and what would be right.
func TestServeMistakes(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", "a-token")
	dir := t.TempDir()
	half := filepath.Join(dir, "bots")
	if err := os.WriteFile(half, []byte("blue\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := filepath.Join(dir, "good")
	if err := os.WriteFile(good, []byte("blue "+strings.Repeat("x", 16)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--listen-bots", "8080"}, "want host:port"},
		{[]string{"--listen-bots", "unix:/run/x"}, "is --unix"},
		{[]string{"--unix", "unix:/run/x"}, "the path alone"},
		{[]string{"--replay-bytes", "1000"}, "such as 256MB"},
		{[]string{"--replay", "soon"}, "want a time"},
		{[]string{"--url", "http://x"}, "begins with ws:// or wss://"},
		{[]string{"--intents", "GUILD"}, "unknown intent"},
		{[]string{"--http-pprof"}, "only with --http"},
		{[]string{"--listen-bots", ":8080"}, "want host:port"},
		{[]string{"--listen-bots", "0.0.0.0:8080"}, "give --peer-url"},
		{[]string{"--listen-bots", "some.host:8080"}, "give --peer-url"},
		{[]string{"--listen-bots", "127.0.0.1:0"}, "has port 0"},
		{[]string{"--peer-url", "http://10.0.0.1"}, "ws://"},
		{[]string{"--peer-url", "ws://"}, "names a host"},
		{[]string{"--peer-url", "ws://u:hunter2@10.0.0.1"}, "without a user name or password"},
		{[]string{"--url", "wss://u:hunter2@10.0.0.1"}, "without a user name or password"},
		{[]string{"--peer-url", "ws://10.0.0.1/?x=1"}, "behind the address"},
		{[]string{"--embedded", "--nats", "nats://10.0.0.1"}, "give one of them"},
		{[]string{"--dir", "nats"}, "only with --embedded"},
		{[]string{"--join", "10.0.0.1:6222"}, "only with --embedded"},
		{[]string{"--cert", "x"}, "--cert and --key go together"},
		{[]string{"--pass-to", "http://x"}, "only with --pass-rest"},
		{[]string{}, "name a file with --bots, or set SLUICE_BOTS"},
		{[]string{"--bots", half}, "line 1: want a name and a token"},
		{[]string{"--bots", filepath.Join(dir, "none")}, "cannot read --bots"},
		{[]string{"--bots", good, "--http-credential-file", half + "x", "--http", "127.0.0.1:0"}, "cannot read --http-credential-file"},
		{[]string{"x"}, "takes flags only"},
	} {
		cmd := newServe()
		cmd.SilenceErrors, cmd.SilenceUsage = true, true
		cmd.SetArgs(c.args)
		if err := cmd.ExecuteContext(t.Context()); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v, want …%s…", c.args, err, c.want)
		}
	}
}

// TestSharedFlags: the flags that sluice serve has, too, are here as they are there.
func TestSharedFlags(t *testing.T) {
	cmd, n := newServe(), 0
	compare := func(v flags.Value, name, usage string) {
		n++
		f := cmd.Flags().Lookup(name)
		if f == nil || f.Usage != usage || f.Value.Type() != v.Type() {
			t.Errorf("--%s is another flag here: %+v", name, f)
		}
	}
	new(flags.Bridge).Declare(compare)
	new(flags.Page).Declare(compare)
	new(flags.Log).Declare(compare)
	if n < 16 {
		t.Errorf("%d flags were compared", n)
	}
}
