package main

import "time"

// entrant is a client in one of its builds.
type entrant struct {
	name         string     // in tables
	compressions []string   // that it has
	extra        []string   // of these, those that only the full form runs
	dir          string     // where build runs
	build        [][]string // commands
	command      []string   // run in bench/compare
	env          []string   // besides what all clients are told
}

// Names of sluice, by its settings.
const (
	plain    = "sluice"
	latency1 = "sluice, latency 1 ms"
	latency2 = "sluice, latency 2 ms"
)

// field is who races; the first is who all are compared with.
var field = []entrant{
	{
		name:         plain,
		compressions: []string{"zlib-stream", "zstd-stream", "payload", "none"},
		extra:        []string{"none"},
		build:        [][]string{{"go", "build", "-o", "bin/sluice", "./sluice"}},
		command:      []string{"bin/sluice"},
	},
	{
		name:         latency1,
		compressions: []string{"zlib-stream", "zstd-stream", "payload", "none"},
		extra:        []string{"zstd-stream", "payload", "none"},
		command:      []string{"bin/sluice"},
		env:          []string{"RACE_LATENCY=1ms"},
	},
	{
		name:         latency2,
		compressions: []string{"zlib-stream", "zstd-stream", "payload", "none"},
		extra:        []string{"zstd-stream", "payload", "none"},
		command:      []string{"bin/sluice"},
		env:          []string{"RACE_LATENCY=2ms"},
	},
	{
		name:         "sluice portable",
		compressions: []string{"zlib-stream", "zstd-stream", "payload", "none"},
		extra:        []string{"zlib-stream", "zstd-stream", "payload", "none"},
		command:      []string{"bin/sluice"},
		env:          []string{"RACE_DRIVER=portable"},
	},
	twilight("zlib", "zlib-stream", nil),
	twilight("zstd", "zstd-stream", nil),
	twilight("none", "none", []string{"none"}),
	{
		name:         "disgo",
		compressions: []string{"zlib-stream", "zstd-stream", "payload", "none"},
		extra:        []string{"payload", "none"},
		build:        [][]string{{"go", "build", "-o", "bin/disgo", "./disgo"}},
		command:      []string{"bin/disgo"},
	},
	{
		name:         "disgo on sluice",
		compressions: []string{"zlib-stream", "zstd-stream", "payload", "none"},
		extra:        []string{"payload", "none"},
		build:        [][]string{{"go", "build", "-o", "bin/disgo-on-sluice", "./disgo-on-sluice"}},
		command:      []string{"bin/disgo-on-sluice"},
	},
	{
		name:         "discordgo",
		compressions: []string{"payload", "none"},
		extra:        []string{"none"},
		build:        [][]string{{"go", "build", "-o", "bin/discordgo", "./discordgo"}},
		command:      []string{"bin/discordgo"},
	},
	{
		name:         "arikawa",
		compressions: []string{"payload", "none"},
		extra:        []string{"none"},
		build:        [][]string{{"go", "build", "-o", "bin/arikawa", "./arikawa"}},
		command:      []string{"bin/arikawa"},
	},
	{
		name:         "@discordjs/ws",
		compressions: []string{"zlib-stream", "payload", "none"},
		extra:        []string{"payload", "none"},
		dir:          "discordjs",
		build:        [][]string{{"npm", "ci", "--prefer-offline", "--no-audit", "--no-fund"}, {"npm", "rebuild", "zlib-sync"}},
		command:      []string{"node", "discordjs/main.js"},
	},
}

// twilight chooses its compression when it is built.
func twilight(feature, compression string, extra []string) entrant {
	cargo := []string{"cargo", "build", "--release", "--target-dir", "target"}
	if feature != "none" {
		cargo = append(cargo, "--features", feature)
	}
	binary := "bin/twilight-" + feature
	return entrant{
		name:         "twilight",
		compressions: []string{compression},
		extra:        extra,
		dir:          "twilight",
		build:        [][]string{cargo, {"cp", "target/release/twilight-client", "../" + binary}},
		command:      []string{binary},
	}
}

// load is what a gateway does to its client, and what is measured of that.
type load struct {
	name   string
	title  string
	shards int
	rate   float64 // events a second for each shard; -1: as fast as they are taken
	guilds int
	size   int // of each GUILD_CREATE, in bytes

	heartbeat time.Duration
	settle    time.Duration // between ready and the measurement
	window    time.Duration // of the measurement; 0: from the start until all events have arrived
	idle      bool          // there are no events: figures are for each shard
	rounds    int           // at most; 0: as many as the race has
	trace     string        // file that is played back; "": events are generated
	exact     bool          // events are written when they are due, else as a millisecond brings them together
	busy      bool          // another process keeps the client's core busy
}

// saturated is the rate of as many events as a client takes.
const saturated = -1

const discordHeartbeat = 41250 * time.Millisecond

// loads returns the short or the full form. The full form measures for longer, and
// has more shards where their number makes a heat slow.
func loads(full bool) []load {
	const second = time.Second
	lone := load{name: "lone", title: "50 shards × 200 events/s, each event by itself", shards: 50, rate: 200, exact: true,
		heartbeat: discordHeartbeat, settle: second / 2, window: 3 * second / 2}
	if full {
		lone.settle, lone.window = 2*second, 10*second
	}
	bursts := lone
	bursts.name, bursts.title, bursts.exact = "bursts", "50 shards × 200 events/s, some ten events of different shards at once every millisecond", false
	loneBusy, burstsBusy := lone, bursts
	for _, l := range []*load{&loneBusy, &burstsBusy} {
		l.busy, l.name, l.title = true, l.name+"-busy", l.title+", another process busy on the client's core"
	}
	flood := load{name: "saturated", title: "8 shards, as fast as the client takes it", shards: 8, rate: saturated,
		heartbeat: discordHeartbeat, settle: second / 2, window: second}
	startup := load{name: "startup", title: "READY and 200 GUILD_CREATE of 130 KB", shards: 1, guilds: 200, size: 130_000,
		heartbeat: discordHeartbeat}
	// A window of one heartbeat interval has one heartbeat of each shard.
	idle := load{name: "idle", title: "200 shards with nothing but a heartbeat every 5 s", shards: 200,
		heartbeat: 5 * second, settle: 2 * second, window: 5 * second, idle: true, rounds: 2}
	if full {
		flood.settle, flood.window = second, 5*second
		startup.shards, startup.title = 4, "4 shards, each READY and 200 GUILD_CREATE of 130 KB"
		idle.title, idle.shards, idle.rounds = "1000 shards with nothing but a heartbeat every 41.25 s", 1000, 0
		idle.heartbeat, idle.settle, idle.window = discordHeartbeat, 30*second, discordHeartbeat
	}
	return []load{lone, bursts, loneBusy, burstsBusy, flood, startup, idle}
}

// target is a ratio of sluice's CPU per event, or of its RSS per idle shard, to a
// client's that this project wants to reach.
type target struct {
	load, compression string
	own               string // the sluice that races
	client            string
	must, aim         float64 // aim 0: no more than must
}

// targets are compared with a client's cheapest compression where it has not the
// one of the target.
var targets = []target{
	{"lone", "zlib-stream", plain, "twilight", 0.8, 0.65},
	{"lone", "zlib-stream", latency1, "twilight", 0.55, 0.45},
	{"bursts", "zlib-stream", plain, "twilight", 0.75, 0.65},
	{"bursts", "zlib-stream", latency2, "twilight", 0.68, 0.55},
	{"bursts", "zlib-stream", plain, "disgo", 0.3, 0},
	{"bursts", "zlib-stream", plain, "discordgo", 0.3, 0},
	{"bursts", "zlib-stream", plain, "arikawa", 0.3, 0},
	{"saturated", "zlib-stream", plain, "twilight", 0.45, 0.4},
	{"saturated", "zlib-stream", plain, "disgo", 0.15, 0},
	{"saturated", "zlib-stream", plain, "discordgo", 0.15, 0},
	{"saturated", "zlib-stream", plain, "arikawa", 0.15, 0},
	{"saturated", "zstd-stream", plain, "twilight", 0.7, 0.6},
	{"saturated", "zstd-stream", plain, "disgo", 0.3, 0},
	{"saturated", "zstd-stream", plain, "discordgo", 0.3, 0},
	{"saturated", "zstd-stream", plain, "arikawa", 0.3, 0},
	{"idle", "zlib-stream", plain, "twilight", 0.6, 0},
	{"idle", "zlib-stream", plain, "disgo", 0.5, 0},
	{"idle", "zlib-stream", plain, "discordgo", 0.5, 0},
	{"idle", "zlib-stream", plain, "arikawa", 0.5, 0},
}
