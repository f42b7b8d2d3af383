//go:build !plan9 && !aix

package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/sluice-go/sluice/fleet"
)

// TestMistakes: wrong calls are refused before anything is connected to, in words of the command.
func TestMistakes(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", "a-token")
	dir := t.TempDir()
	for _, c := range []struct {
		command *cobra.Command
		args    []string
		want    string
	}{
		{newNode(), []string{"x"}, "takes flags only"},
		{newNode(), []string{"--embedded"}, "--dir is empty"},
		{newNode(), []string{"--embedded", "--dir", dir, "--join", "127.0.0.1:1"}, "--join is set without --cluster"},
		{newNode(), []string{"--embedded", "--dir", filepath.Join(dir, "x"), "--listen", "x"}, `"x" is no address`},
		{newNode(), []string{"--replicas", "2"}, "--replicas: 2 is none of"},
		{newNode(), []string{"--lease", "5"}, "want a time of at least 2s"},
		{newNode(), []string{"--lease", "2500ms"}, "--lease: 2.5s is no whole number"},
		{newNode(), []string{"--save-every", "0s"}, "want a time of at least 10ms"},
		{newNode(), []string{"--capacity", "0"}, "want a whole number from 1"},
		{newNode(), []string{"--total", "-1"}, "want a whole number from 0"},
		{newNode(), []string{"--api-url", "x"}, "--api-url: a URL"},
		{newNode(), []string{"--stream", "all"}, "only with --publish"},
		{newNode(), []string{"--publish", "x", "--stream", "all,NOPE"}, `"NOPE" is no event type`},
		{newNode(), []string{"--nats-cert", "x"}, "--nats-cert and --nats-key go together"},
		{newNode(), []string{"--nats", "nats://user:se%cret@x"}, "cannot use NATS at nats://…@x: a URL cannot be read"},
		{newStatus(), []string{"x"}, "takes flags only"},
		{newStatus(), []string{"--nats", "nats://user:secret@127.0.0.1:1"}, "cannot reach NATS at nats://…@127.0.0.1:1"},
		{newStatus(), []string{"--nats-key", "x"}, "--nats-cert and --nats-key go together"},
		{newDrain(), nil, "want drain NODE, not 0 arguments"},
		{newMove(), []string{"1"}, "want move SHARD NODE, not 1 arguments"},
		{newMove(), []string{"a", "b"}, `SHARD is a number such as 16, not "a"`},
		{newReshard(), []string{"many"}, `TOTAL is a number such as 16, not "many"`},
		{newDrain(), []string{"--json", "a"}, "unknown flag"},
	} {
		c.command.SilenceErrors, c.command.SilenceUsage = true, true
		c.command.SetArgs(c.args)
		err := c.command.ExecuteContext(t.Context())
		if err == nil || !strings.Contains(plain(err), c.want) {
			t.Errorf("%s %q: %v, want …%s…", c.command.Name(), c.args, err, c.want)
		} else if text := plain(err); strings.Contains(text, "cret") || strings.Contains(text, "Config.") {
			t.Errorf("%s %q: %s", c.command.Name(), c.args, text)
		}
	}
}

func TestPlain(t *testing.T) {
	err := errors.Join(fmt.Errorf("--data: %w", errors.New("engine: no")), errors.New("fleet: Config.Total: wrong"))
	if got := plain(err); got != "--data: no\n--total: wrong" {
		t.Errorf("%q", got)
	}
}

func TestTold(t *testing.T) {
	for want, h := range map[string]fleet.Happening{
		"a: draining":                        {Node: "a", What: "draining"},
		"a: claimed, 5 shards":               {Node: "a", What: "claimed", Count: 5},
		"a: handed over, 1 shard":            {Node: "a", What: "handed over", Count: 1},
		"a: abandoned, shard 1/8, no answer": {Node: "a", What: "abandoned", Shard: "1/8", Detail: "no answer"},
		"a: cut over, from 8 to 10 shards":   {Node: "a", What: "cut over", Detail: "from 8 to 10 shards"},
	} {
		if got := told(h); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestShowStatus(t *testing.T) {
	long := strings.Repeat("100,", 30) + "100"
	for want, s := range map[string]fleet.Status{
		"8 shards, 0 of them run by nobody\n": {Total: 8, Nodes: []fleet.NodeStatus{{Name: "a", Answers: true, IDs: "0-3,7"}}},
		"8 shards, being resharded: 12 start beside them; of all these 1 are run by nobody\n": {
			Total: 8, Next: 12, Phase: "both", Free: []string{"0/12"}, Nodes: []fleet.NodeStatus{{Name: "a", IDs: long}}},
		"8 shards, being resharded: 12 have taken their place; of these 0 are run by nobody\n": {Total: 8, Next: 12, Phase: "cut"},
	} {
		var b strings.Builder
		if err := showStatus(&b, s); err != nil || !strings.HasSuffix(b.String(), want) {
			t.Errorf("%v, %s, want …%s", err, b.String(), want)
		}
		for _, n := range s.Nodes {
			if !strings.Contains(b.String(), cut(n.IDs)) || len(cut(n.IDs)) > 55 {
				t.Errorf("%s", b.String())
			}
		}
	}
}
