package flags

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/bridge"
	"github.com/sluice-go/sluice/gateway"
)

// TestValues: what each kind of flag takes and refuses. What is refused changes nothing, and a URL is not repeated.
func TestValues(t *testing.T) {
	n, d, size, url, on := 5, time.Minute, 0, "", false
	var share Share
	intents := Intents{Intents: gateway.IntentGuilds}
	for _, c := range []struct {
		v         Value
		good, bad []string
		last      string
	}{
		{Int(&n, 1, 9), []string{"1", "9"}, []string{"0", "10", "", "x", "1.0"}, "9"},
		{Duration(&d, time.Second), []string{"2h30m", "1s"}, []string{"999ms", "-5s", "5", "", "soon"}, "1s"},
		{Size(&size), []string{"1.5GB", "256MiB", "4kB"}, []string{"", "256", "0MB", "-1MB", "many", "MB", "9e30TB", "NaNMB"}, "4000"},
		{URL(&url, "ws", "wss"), []string{"ws://host", "wss://host:1/x"}, []string{"", "host", "http://host", "ws://", "ws://a:secret@host", "ws://%"}, "wss://host:1/x"},
		{&share, []string{"1", "0.95"}, []string{"0", "1.1", "-1", "", "x"}, "0.95"},
		{&intents, []string{"GUILDS, GUILD_MESSAGES", "1"}, []string{"GUILD", "-1", "1099511627776"}, "GUILDS"},
		{toggle{&on}, []string{"false", "true"}, []string{"", "maybe"}, "true"},
	} {
		for _, text := range c.good {
			if err := c.v.Set(text); err != nil {
				t.Errorf("%s %q: %v", c.v.Type(), text, err)
			}
		}
		for _, text := range c.bad {
			if err := c.v.Set(text); err == nil || strings.Contains(err.Error(), "secret") {
				t.Errorf("%s %q: %v", c.v.Type(), text, err)
			}
		}
		if got := c.v.String(); got != c.last {
			t.Errorf("%s is %q, want %q", c.v.Type(), got, c.last)
		}
	}
}

// parsed returns what flags come to when some are given.
func parsed(t *testing.T, given map[string]string) *Bridge {
	t.Helper()
	b, seen := new(Bridge), 0
	b.Declare(func(v Value, name, _ string) {
		if text, ok := given[name]; ok {
			seen++
			if err := v.Set(text); err != nil {
				t.Fatal(err)
			}
		}
	})
	if seen != len(given) {
		t.Fatalf("not all of %v are flags", given)
	}
	return b
}

// TestBridge: flags become a configuration, and mistakes are told by them.
func TestBridge(t *testing.T) {
	bots := filepath.Join(t.TempDir(), "bots")
	if err := os.WriteFile(bots, []byte("blue "+strings.Repeat("x", 16)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("SLUICE_BOTS", "green another-token-of-green's")
	c, err := parsed(t, map[string]string{"bots": bots, "share": "blue,green", "replay-bytes": "1MiB", "pass-rest": "true", "pass-to": "https://d"}).Config()
	if err != nil || len(c.Bots) != 1 || len(c.Share) != 2 || c.ReplayBytes != 1<<20 || !c.PassREST || c.API != "https://d" || c.TLS != nil {
		t.Errorf("%+v, %v", c, err)
	}
	if left, there := os.LookupEnv("SLUICE_BOTS"); there {
		t.Errorf("child processes get %q", left)
	}
	for want, b := range map[string]*Bridge{
		"--cert and --key go together": parsed(t, map[string]string{"cert": "c"}),
		"only with --pass-rest":        parsed(t, map[string]string{"pass-to": "https://d"}),
	} {
		if err := b.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want …%s…", err, want)
		}
	}
	for want, b := range map[string]*Bridge{
		"set SLUICE_BOTS":             parsed(t, nil),
		"cannot read --bots":          parsed(t, map[string]string{"bots": bots + "x"}),
		"cannot read --cert and --ke": parsed(t, map[string]string{"bots": bots, "cert": bots, "key": bots}),
	} {
		if _, err := b.Config(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want …%s…", err, want)
		}
	}
}

// TestBridgeMistake: what bridge.New finds is told by flags, where there is one.
func TestBridgeMistake(t *testing.T) {
	_, err := bridge.New(bridge.Config{MaxLag: -1})
	for field := range bridgeFlags {
		err := BridgeMistake(errors.Join(&bridge.ConfigError{Field: field, Reason: "is wrong"}))
		if !strings.HasPrefix(err.Error(), "--") || !strings.HasSuffix(err.Error(), " is wrong") {
			t.Error(err)
		}
	}
	if told := BridgeMistake(err); told != err {
		t.Errorf("%v, though the first mistake is of no flag", told)
	}
}
