package main

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// call runs the program within the test.
func call(args ...string) (status int, out, errOut string) {
	var o, e bytes.Buffer
	status = execute(context.Background(), args, strings.NewReader(""), &o, &e)
	return status, o.String(), e.String()
}

const anyToken = "aaaa.bbbb.cccc"

// A wrong call is answered by one sentence that names what is wrong and what
// would be right, by nothing on standard output, and by the status 2.
func TestWrongCalls(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", anyToken)
	tests := []struct {
		args string
		want []string
	}{
		{"fly", []string{`unknown command "fly"`}},
		{"demoo", []string{`unknown command "demoo"`, "did you mean demo?"}},
		{"help fly", []string{`unknown command "fly"`}},
		{"--fly", []string{"unknown flag: --fly"}},
		{"run --token x", []string{"unknown flag: --token"}},
		{"run --fleet nats://user:secret@a", []string{"unknown flag: --fleet: ", "sluice-fleet"}},
		{"fleet status", []string{`unknown command "fleet": `, "sluice-fleet"}},
		{"run now", []string{`unexpected argument "now"`, "takes flags only"}},
		{"demo -x", []string{"unknown shorthand flag"}},
		{"demo --shards", []string{"needs an argument", "--shards"}},
		{"demo --shards 0", []string{"--shards", "from 1 to 100000"}},
		{"demo --shards -1", []string{"--shards", "from 1 to 100000"}},
		{"demo --shards x", []string{`"x"`, "--shards", "from 1 to 100000"}},
		{"demo --shards 99999999999999999999", []string{"--shards", "from 1 to 100000"}},
		{"demo --rate -1", []string{"--rate", "such as 200, or max"}},
		{"demo --rate NaN", []string{"--rate", "such as 200, or max"}},
		{"demo --rate 1e9", []string{"--rate", "such as 200, or max"}},
		{"demo --compress gzip", []string{"--compress", `"gzip"`, "zlib, zstd, payload or none"}},
		{"demo --duration 0s", []string{"--duration", "such as 500ms"}},
		{"demo --duration -1s", []string{"--duration", "such as 500ms"}},
		{"demo --duration 10", []string{`"10"`, "--duration", "such as 500ms"}},
		{"demo --max-concurrency -1", []string{"--max-concurrency", "from 0"}},
		{"demo --guilds 2501", []string{"--guilds", "2500"}},
		{"demo --guild-size -1", []string{"--guild-size", "from 0"}},
		{"demo --tls=perhaps", []string{"--tls", `"perhaps"`}},
		{"demo --log-level loud", []string{"--log-level", "debug, info, warn or error"}},
		{"demo --chaos --storm", []string{"--chaos and --storm", "want one of them"}},
		{"demo --seed 3", []string{"--seed", "only with --chaos"}},
		{"demo --chaos --chaos-interval 0s", []string{"--chaos-interval", "such as 500ms"}},
		{"demo --chaos --seed -3", []string{"--seed", "from 0"}},
		{"mock --chaos 5 --chaos-interval 5s", []string{"--chaos and --chaos-interval", "want one of them"}},
		{"mock --session-start-limit 0", []string{"--session-start-limit", "from 1"}},
		{"run --part 4/4", []string{`"4/4"`, "--part", "0/4"}},
		{"run --part 0/4", []string{"--part", "--shards N"}},
		{"run --shards 0-1/4 --part 0/4", []string{"--part", "--shards N"}},
		{"run --shards 3 --part 0/4", []string{"--part", "4 parts of 3 shards"}},
		{"run --shards 3-1/4", []string{"--shards", "0-7/16"}},
		{"run --shards 0-4/4", []string{"--shards", "0-7/16"}},
		{"run --shards 0-1/", []string{"--shards", "0-7/16"}},
		{"run --shards -2", []string{"--shards", "0-7/16"}},
		{"run --shards many", []string{"--shards", "0-7/16"}},
		{"run --shards 99999999", []string{"--shards", "no range of shards"}},
		{"run --intents FLYING", []string{"--intents", `"FLYING"`, "GUILDS,GUILD_MESSAGES"}},
		{"run --intents 4294967296", []string{"--intents", "no intents of Discord's"}},
		{"run --intents -1", []string{"--intents", `"-1"`}},
		{"run --events FLYING", []string{"--events", `"FLYING"`, "MESSAGE_CREATE"}},
		{"run --events message_create", []string{"--events", `"message_create"`, "MESSAGE_CREATE"}},
		{"run --events READY,HELLO", []string{"--events", "HELLO", "no dispatch"}},
		{"run --compress brotli", []string{"--compress", "zlib, zstd, payload or none"}},
		{"run --duration soon", []string{"--duration", "such as 500ms"}},
		{"run --duration -5s", []string{"--duration", "at least 0s"}},
		{"run --max-window 1023", []string{"--max-window", "from 1024"}},
		{"demo --max-window -1", []string{"--max-window", "from 1024"}},
		{"run --retries -1", []string{"--retries", "from 0"}},
		{"run --retries 1.5", []string{"--retries", "whole number"}},
		{"run --gateway-url discord.gg", []string{"--gateway-url", "ws:// or wss://"}},
		{"run --gateway-url http://discord.gg", []string{"--gateway-url", "ws:// or wss://"}},
		{"run --gateway-url wss://user:secret@discord.gg", []string{"--gateway-url", "user name or password"}},
		{"run --gateway-url https://user:secret@discord.gg", []string{"--gateway-url", "ws:// or wss://"}},
		{"run --gateway-url wss://user:secret@%zz", []string{"--gateway-url", "wss://host"}},
		{"run --api-url user:secret@discord.com", []string{"--api-url", "http:// or https://"}},
		{"run --api-url http://user:secret@discord.com", []string{"--api-url", "user name or password"}},
		{"run --proxy http://user:secret@host:3128", []string{"--proxy", "ALL_PROXY"}},
		{"run --proxy ftp://user:secret@host", []string{"--proxy", "socks5://"}},
		{"run --proxy user:secret@host", []string{"--proxy", "socks5://"}},
		{"run https://user:secret@discord.gg", []string{"flags only"}},
		{"https://user:secret@discord.gg", []string{"unknown command"}},
		{"help https://user:secret@discord.gg", []string{"unknown command"}},
		{"run --gateway-url wss://%zz", []string{"--gateway-url", "wss://host"}},
		{"run --api-url ftp://discord.com", []string{"--api-url", "http:// or https://"}},
		{"run --log-level 3", []string{"--log-level", "debug, info, warn or error"}},
		{"mock --listen here", []string{"--listen", "127.0.0.1:8080"}},
		{"mock --listen :8080", []string{"--listen", "127.0.0.1:8080"}},
		{"mock --shards 0", []string{"--shards", "from 1"}},
		{"mock --heartbeat-interval 0s", []string{"--heartbeat-interval", "at least 1ms"}},
		{"mock --fault nonsense", []string{"--fault", "nonsense"}},
		{"mock --chaos -1", []string{"--chaos", "from 0"}},
		{"record", []string{"--out is missing", "--out bot.trace"}},
		{"record --out -", []string{"--out is missing"}},
		{"record --out x --limit 0", []string{"--limit", "such as 1000000", "500MB"}},
		{"record --out x --limit 5XB", []string{"--limit", "500MB"}},
		{"record --out x --rotate", []string{"--rotate needs a --limit"}},
		{"record --out x --keep 3", []string{"--keep", "only with --rotate"}},
		{"replay", []string{"needs a file"}},
		{"replay a b", []string{`unexpected argument "b"`, "takes one file"}},
		{"replay a --speed 0", []string{"--speed", "or max"}},
		{"replay a --rate 5", []string{"--rate", "--speed"}},
		{"demo --speed 2", []string{"--speed", "only with --trace"}},
		{"demo --trace x --rate 2", []string{"--rate", "--speed"}},
		{"trace fly", []string{`unknown command "fly"`}},
		{"trace cat", []string{"needs a file"}},
		{"trace cut a --from yesterday", []string{"--from", "2026-11-28T15:04:05Z"}},
		{"trace import a", []string{"--out is missing"}},
		{"mock --traffic 0", []string{"--traffic", "from 1"}},
		{"mock --public-url gateway.example.com", []string{"--public-url", "ws:// or wss://", "wss://host"}},
		{"mock --public-url https://gateway.example.com", []string{"--public-url", "ws:// or wss://"}},
		{"mock --public-url none", []string{"--public-url", "ws:// or wss://"}},
		{"mock --public-url wss://user:secret@host", []string{"--public-url", "user name or password"}},
		{"mock --public-url wss://host/?v=10", []string{"--public-url", "without a query"}},
		{"mock --resume-url wss://", []string{"--resume-url", "names a host"}},
		{"mock --resume-url wss://user:secret@%zz", []string{"--resume-url", "wss://host"}},
		{"mock --resume-url wss://host#there", []string{"--resume-url", "without a query"}},
		{"mock --hello-delay -1s", []string{"--hello-delay", "such as 500ms"}},
		{"mock --hello-delay soon", []string{"--hello-delay", `"soon"`, "such as 500ms"}},
		{"mock --worlds -1", []string{"--worlds", "from 0"}},
		{"mock --worlds all", []string{"--worlds", `"all"`, "from 0 to 100000"}},
		{"mock --members -1", []string{"--members", "from 0 to 250000"}},
	}
	for _, tt := range tests {
		t.Run(tt.args, func(t *testing.T) {
			status, out, errOut := call(strings.Fields(tt.args)...)
			if status != 2 || out != "" {
				t.Errorf("status %d, standard output %q", status, out)
			}
			lines := strings.Split(strings.TrimSuffix(errOut, "\n"), "\n")
			if len(lines) != 2 || !strings.HasPrefix(lines[0], "sluice: ") || !strings.HasPrefix(lines[1], "Try 'sluice") {
				t.Errorf("want a sentence and where to get help, got:\n%s", errOut)
			}
			if len(lines[0]) > 250 {
				t.Errorf("%d bytes are no sentence: %s", len(lines[0]), lines[0])
			}
			for _, leak := range []string{"strconv", "time: ", "engine: ", "gateway: ", "user:secret"} {
				if strings.Contains(errOut, leak) {
					t.Errorf("%q is of no use to whoever called:\n%s", leak, errOut)
				}
			}
			wantText(t, errOut, tt.want...)
		})
	}
}

// What is wrong with the token, or with a file, is no wrong call: the status is 1.
func TestWrongFiles(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	missing := filepath.Join(dir, "none", "file")
	tests := []struct {
		name, token string
		args        []string
		want        []string
	}{
		{"no token", "", nil, []string{"there is no token", "DISCORD_TOKEN", "--token-file"}},
		{"white token", " \n", nil, []string{"there is no token", "DISCORD_TOKEN", "--token-file"}},
		{"only the prefix", "Bot ", nil, []string{"token"}},
		{"two words", "aaaa bbbb", nil, []string{"the token contains white space", "copy it again"}},
		{"bearer", "Bearer abc", nil, []string{"the token is an OAuth2 bearer token", "bot's token"}},
		{"user", "mfa.abc", nil, []string{"the token is a user's token", "Discord forbids"}},
		{"not ASCII", "tökén", nil, []string{"the token contains", "outside ASCII"}},
		{"missing token file", anyToken, []string{"--token-file", missing}, []string{"cannot read --token-file", missing}},
		{"empty token file", anyToken, []string{"--token-file", write("empty", " \n")}, []string{"--token-file", "is empty"}},
		{"long token file", anyToken, []string{"--token-file", write("long", strings.Repeat("x", 4097))}, []string{"--token-file", "longer than 4096 bytes"}},
		{"folder as token file", anyToken, []string{"--token-file", dir}, []string{"cannot read --token-file", dir}},
		{"missing CA file", anyToken, []string{"--ca-file", missing}, []string{"cannot read --ca-file", missing}},
		{"bad CA file", anyToken, []string{"--ca-file", write("ca", "certainly")}, []string{"--ca-file", "no certificate", "BEGIN CERTIFICATE"}},
		{"out in no folder", anyToken, []string{"--out", missing}, []string{"cannot open --out", missing}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("DISCORD_TOKEN", tt.token)
			status, out, errOut := call(append([]string{"run"}, tt.args...)...)
			if status != 1 || out != "" {
				t.Errorf("status %d, standard output %q", status, out)
			}
			if strings.Count(errOut, "\n") != 1 || !strings.HasPrefix(errOut, "sluice: ") {
				t.Errorf("want one sentence, got:\n%s", errOut)
			}
			if secret := strings.TrimSpace(tt.token); len(secret) > 4 && strings.Contains(errOut, secret) {
				t.Errorf("the token was printed:\n%s", errOut)
			}
			wantText(t, errOut, tt.want...)
		})
	}
}

func TestHelp(t *testing.T) {
	for _, args := range []string{"", "--help", "help"} {
		status, out, errOut := call(strings.Fields(args)...)
		if status != 0 || errOut != "" {
			t.Errorf("%q: status %d, standard error %q", args, status, errOut)
		}
		wantText(t, out, "demo", "run", "mock", "record", "replay", "trace")
	}
	for _, name := range []string{"demo", "run", "mock", "record", "replay"} {
		status, out, errOut := call(name, "--help")
		if status != 0 || errOut != "" {
			t.Errorf("%s: status %d, standard error %q", name, status, errOut)
		}
		wantText(t, out, "Examples:", "--shards")
		if _, same, _ := call("help", name); same != out {
			t.Errorf("help %s and %s --help differ", name, name)
		}
		if strings.Contains(out, "--control") {
			t.Errorf("%s: the help shows a flag that is not for users", name)
		}
	}
	if status, out, _ := call("--version"); status != 0 || !strings.HasPrefix(out, "sluice version ") {
		t.Errorf("--version: status %d, %q", status, out)
	}
}

// The environment is where child processes would look.
func TestTokenLeavesTheEnvironment(t *testing.T) {
	t.Setenv("DISCORD_TOKEN", anyToken+"\n")
	token, err := readToken("", slog.New(slog.DiscardHandler))
	if err != nil || token.Reveal() != anyToken {
		t.Fatalf("read %d bytes, %v", len(token.Reveal()), err)
	}
	if _, still := os.LookupEnv("DISCORD_TOKEN"); still {
		t.Error("DISCORD_TOKEN is still set")
	}
}
