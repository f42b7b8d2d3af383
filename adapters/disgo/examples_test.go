package sluicedisgo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	discordgw "github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
	"github.com/sluice-go/sluice/lazyjson"
)

// TestExamples: bots of disgo's own repository run on the adapter. Their code comes from the
// module cache, and one option is added to it.
func TestExamples(t *testing.T) {
	if testing.Short() {
		t.Skip("builds three programs")
	}
	for name, c := range map[string]struct {
		shards int
		say    string
		repeat string // said again and again, since nothing tells when the bot listens
		answer string
	}{
		"ping_pong":         {1, "ping", "x", "pong"},
		"message_collector": {1, "start", "x", ">>> 1. x\n\n2. x\n\n3. x\n\n"},
		"sharding":          {2, "say this", "say this", "say this"},
	} {
		t.Run(name, func(t *testing.T) {
			program := buildExample(t, name)
			srv := gatewaytest.NewServer(t, gatewaytest.WithIdentifyInterval(0), gatewaytest.WithMaxConcurrency(1<<10), gatewaytest.WithGuilds(1, 8000), gatewaytest.WithShards(c.shards))
			hall := observe(t, srv, c.shards)
			bot := exec.Command(program)
			bot.Env = append(os.Environ(), "disgo_token="+srv.Token(), "test_api="+srv.APIURL(), "test_ca="+string(srv.CertPEM()))
			if c.shards > 1 {
				bot.Env = append(bot.Env, "test_sharded=yes")
			}
			var log bytes.Buffer
			bot.Stdout, bot.Stderr = &log, &log
			if err := bot.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() {
				if t.Failed() {
					t.Log(log.String())
				}
			}()
			ended := make(chan error, 1)
			go func() { ended <- bot.Wait() }()
			defer func() { _ = bot.Process.Kill() }()
			eventually(t, "the bot's shards", func() bool {
				// the observer has as many
				return len(srv.Sessions()) == 2*c.shards && !slices.ContainsFunc(srv.Sessions(), func(s gatewaytest.SessionInfo) bool { return s.Seq < 2 })
			})
			say := func(id int, text string) {
				data := fmt.Sprintf(`{"id":"%d","channel_id":"%s","guild_id":"%s","content":%q,"author":{"id":"7","username":"x"}}`, id, hall.channel, hall.guild, text)
				srv.Dispatch(hall.shard, "MESSAGE_CREATE", []byte(data))
			}
			say(1, c.say)
			answer, n := "", 1
			again := time.NewTicker(500 * time.Millisecond)
			defer again.Stop()
			eventually(t, "the answer", func() bool {
				select {
				case answer = <-hall.heard:
					return true
				case err := <-ended:
					t.Fatalf("the bot ended: %v", err)
				default:
				}
				select {
				case <-again.C: // seldom: its collector hangs when a message comes while it answers
					n++
					say(n, c.repeat)
				default:
				}
				return false
			})
			if answer != c.answer {
				t.Errorf("the bot said %q, want %q", answer, c.answer)
			}
			if err := bot.Process.Signal(os.Interrupt); err != nil {
				t.Fatal(err)
			}
			if err := <-ended; err != nil {
				t.Errorf("the bot ended with %v", err)
			}
		})
	}
}

// buildExample builds a program of disgo's folder _examples with the harness.
func buildExample(t *testing.T, name string) string {
	t.Helper()
	list := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/disgoorg/disgo")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "_examples", name, "*.go"))
	if err != nil || len(sources) == 0 {
		t.Fatalf("no example %s: %v", name, err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	// The packages exist in an overlay alone.
	overlay := struct{ Replace map[string]string }{make(map[string]string)}
	dir, scratch := filepath.Join(here, "example_"+name), t.TempDir()
	put := func(file string, source []byte) {
		real := filepath.Join(scratch, file)
		if err := os.WriteFile(real, source, 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[filepath.Join(dir, file)] = real
	}
	changed := 0
	for _, file := range sources {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		patched := newClientCall.ReplaceAll(source, []byte("$0\n\t\tadapter,"))
		changed += len(newClientCall.FindAll(source, -1))
		put(filepath.Base(file), patched)
	}
	if changed != 1 {
		t.Fatalf("%d calls of disgo.New in %s", changed, name)
	}
	harness, err := os.ReadFile("testdata/harness.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	put("harness.go", bytes.Replace(harness, []byte("import (\n"), []byte("import (\n\t\"github.com/disgoorg/disgo/bot\"\n"), 1))
	text, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(scratch, "overlay.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(scratch, "bot.exe")
	build := exec.Command("go", "build", "-overlay", file, "-o", program, "./example_"+name)
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

var newClientCall = regexp.MustCompile(`disgo\.New\(.*,`)

// hall is a channel that somebody listens in.
type hall struct {
	shard          int
	guild, channel string
	heard          chan string // what the bot says
}

// observe has an engine find a text channel, and hear what the bot says there.
func observe(t *testing.T, srv *gatewaytest.Server, shards int) *hall {
	t.Helper()
	h := &hall{heard: make(chan string, 1)}
	c := config(srv)
	c.Shards, c.Intents, c.IdentifyQueue = engine.Shards{Total: shards}, discordgw.IntentsAll, identify.NewLocal(1<<10)
	eng, err := engine.New(c)
	if err != nil {
		t.Fatal(err)
	}
	found := make(chan struct{}, shards)
	eng.On(discordgw.Events(discordgw.EventGuildCreate), func(ev *engine.Event) {
		if ev.Shard.ID() != shards-1 {
			return
		}
		var guild struct {
			ID       string
			Channels []struct {
				ID   string
				Type int
			}
		}
		if err := json.Unmarshal(ev.Data, &guild); err != nil {
			t.Error(err)
		}
		for _, channel := range guild.Channels {
			if channel.Type == 0 {
				h.shard, h.guild, h.channel = ev.Shard.ID(), guild.ID, channel.ID
			}
		}
		found <- struct{}{}
	})
	eng.On(discordgw.Events(discordgw.EventMessageCreate), func(ev *engine.Event) {
		message := lazyjson.ValueOf(ev.Data)
		if bot, err := message.Get("author").Get("bot").Bool(); err == nil && bot {
			text, _ := message.Get("content").AppendString(nil)
			h.heard <- string(text)
		}
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- eng.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	select {
	case <-found:
	case <-before(t).Done():
		t.Fatal("no guild")
	}
	return h
}
