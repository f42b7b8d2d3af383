package main

import "time"

// load is what the gateway does, and what is measured of the bridge meanwhile.
type load struct {
	name, title string
	shards      int
	guilds      int // of each shard
	size        int // of each GUILD_CREATE
	rate        int // events a second for each shard; 0: none, and what is measured is memory
	exact       bool
	settle      time.Duration // between the bots' guilds and the measurement
	window      time.Duration
}

// noGuilds is the name of the load whose memory is that of a bridge without guilds.
const noGuilds = "empty"

// loads returns what the bridges run under. Ten shards have traffic about their own guilds.
func loads(guilds, size int) []load {
	memory := load{name: noGuilds, title: "10 shards without guilds", shards: 10, size: size, settle: 10 * time.Second}
	filled := memory
	filled.name, filled.title, filled.guilds = "guilds", "10 shards with their guilds", guilds
	lone := load{name: "lone", title: "2,000 events a second, each by itself", shards: 10, guilds: guilds / 10, size: size, rate: 200, exact: true,
		settle: 2 * time.Second, window: 5 * time.Second}
	bursts, many := lone, lone
	bursts.name, bursts.title, bursts.exact = "bursts", "2,000 events a second, as a millisecond brings them together", false
	many.name, many.title, many.exact, many.rate = "many", "20,000 events a second", false, 2000
	return []load{memory, filled, lone, bursts, many}
}
