package clients

import "strings"

// knownFaults are the clients' own, with their source in the version that is pinned. Discord has always sent
// resume_gateway_url, and does not document that it may be missing.
var knownFaults = map[cell]string{
	{"arikawa", "op 9 true"}:        "it forgets the session before it looks at d: gateway/gateway.go:395",
	{"discordgo", "op 9 true"}:      "it identifies without a look at d: wsapi.go:618; bwmarrin/discordgo#544 is about op 9",
	{"Eris", "op 9 true"}:           "it forgets the session without a look at d: lib/gateway/Shard.js:406",
	{"disgo", "no resume URL"}:      "it keeps the empty URL, and dials that: gateway/gateway.go:651 and 235",
	{"discord.py", "no resume URL"}: "KeyError: discord/gateway.py:578",
	{"hikari", "no resume URL"}:     "KeyError: hikari/impl/shard.py:859",
	{"Eris", "no resume URL"}:       "it dials “undefined?v=10&encoding=json”: lib/gateway/Shard.js:1935",
	{"Oceanic.js", "no resume URL"}: "TypeError: dist/lib/gateway/Shard.js:122",
	{"serenity", "no resume URL"}:   "the field must be there: src/model/gateway.rs:369",
	{"twilight", "no resume URL"}:   "the field must be there: twilight-model, src/gateway/payload/incoming/ready.rs:10",
}

// knownLines are lines of the clients' logs that are no complaint about the gateway, by how they begin.
var knownLines = map[string]struct{ begin, why string }{
	"discord.py": {"warning: discord.gateway: Can't keep up", "it takes the time of a heartbeat after the write, in another thread: an ACK that is " +
		"there sooner counts from the heartbeat before: discord/gateway.py:199; Gelbpunkt/gateway-proxy#23"},
	"discordgo": {"warning: unknown event:", "it warns of each event that it has no type for, such as STAGE_INSTANCE_CREATE: wsapi.go:673"},
}

// complains reports whether a line of a client's log is worth a look.
func (c *client) complains(text string) bool {
	known, ok := knownLines[c.name]
	return !ok || !strings.HasPrefix(text, known.begin)
}
