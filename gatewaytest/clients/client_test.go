package clients

import (
	"path/filepath"
	"time"
)

// A client is one under test.
type client struct {
	name     string
	version  string // pinned by its family's files
	language string
	family   *family
	command  func(dir string) []string
	plain    bool // it has no setting for trust, so that it is served without TLS
	// compressions are those that it has, by the names of gatewaytest.Compression.
	compressions []string
	// dflt is what it asks for if nobody says otherwise.
	dflt string
}

func node(program string) func(string) []string {
	return func(dir string) []string { return []string{"node", filepath.Join(dir, program+".mjs")} }
}

func python(program string) func(string) []string {
	return func(dir string) []string {
		return []string{filepath.Join(dir, "venv", "bin", "python"), filepath.Join(dir, program+".py")}
	}
}

func binary(path ...string) func(string) []string {
	return func(dir string) []string { return []string{filepath.Join(append([]string{dir}, path...)...)} }
}

func jda(dir string) []string {
	classes := filepath.Join(dir, "target", "clients-0.jar") + string(filepath.ListSeparator) + filepath.Join(dir, "target", "lib", "*")
	return []string{"java", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-cp", classes, "Bot"}
}

// clients are all that there are, those that are installed soonest first.
var clients = []client{
	{"arikawa", "3.6.0", "Go", goFamily, binary("bin", "arikawa"), false, []string{"none", "payload"}, "payload"},
	{"discordgo", "0.29.0", "Go", goFamily, binary("bin", "discordgo"), false, []string{"none", "payload"}, "payload"},
	{"disgo", "0.19.3", "Go", goFamily, binary("bin", "disgo"), false, []string{"none", "payload", "zlib-stream", "zstd-stream"}, "zstd-stream"},
	{"discord.py", "2.7.1", "Python", pythonFamily, python("discordpy"), false, []string{"zlib-stream"}, "zlib-stream"},
	{"hikari", "2.7.0", "Python", pythonFamily, python("hikaribot"), false, []string{"none", "payload", "zlib-stream", "zstd-stream"}, "zstd-stream"},
	{"discord.js", "14.28.1", "JavaScript", nodeFamily, node("discordjs"), false, []string{"none", "zlib-stream"}, "none"},
	{"Eris", "0.18.0", "JavaScript", nodeFamily, node("eris"), false, []string{"none", "zlib-stream"}, "none"},
	{"Oceanic.js", "1.15.0", "JavaScript", nodeFamily, node("oceanic"), false, []string{"none", "zlib-stream"}, "none"},
	{"@discordeno/gateway", "21.0.0", "JavaScript", nodeFamily, node("discordeno"), false, []string{"none", "payload", "zlib-stream", "zstd-stream"}, "none"},
	{"JDA", "6.5.0", "Java", javaFamily, jda, true, []string{"none", "zlib-stream"}, "zlib-stream"},
	{"serenity", "0.12.5", "Rust", rustFamily, binary("target", "debug", "serenity"), true, []string{"payload"}, "payload"},
	{"twilight", "0.18.0", "Rust", rustFamily, binary("target", "debug", "twilight"), false, []string{"zstd-stream"}, "zstd-stream"},
}

// settles returns how long a connection has to have had a session before faults at random may meet it. Libraries whose
// handshakes fail again and again stay away for minutes: discord.py's wait doubles with each, up to 17 minutes, and is
// forgotten after 34 (discord/backoff.py). hikari's does with each connection that lives for less than 30 s, up to
// 61 s (hikari/impl/shard.py:1037): of ten minutes, it would be there for one.
func (c *client) settles() time.Duration {
	if c.name == "hikari" {
		return 31 * time.Second
	}
	return time.Second
}
