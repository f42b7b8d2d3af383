package traffic

import (
	"encoding/json"
	"strconv"
)

// ReadyOptions is what a READY tells a shard.
type ReadyOptions struct {
	SessionID  string
	ResumeURL  string // resume_gateway_url; "" leaves it out
	ShardID    int
	ShardCount int      // in all; 0 stands for 1
	UserID     uint64   // of the bot and its application; 0 stands for [DefaultBotID]
	GuildIDs   []uint64 // listed as unavailable, until their GUILD_CREATE
}

// Ready appends the data of a READY (Discord: "Ready") to dst.
func Ready(dst []byte, opts ReadyOptions) []byte {
	user := opts.UserID
	if user == 0 {
		user = DefaultBotID
	}
	dst = Bot(append(dst, `{"v":10,"user_settings":{},"user":`...), user)
	dst = append(dst, `,"shard":[`...)
	dst = strconv.AppendInt(dst, int64(opts.ShardID), 10)
	dst = append(dst, ',')
	dst = strconv.AppendInt(dst, int64(max(opts.ShardCount, 1)), 10)
	dst = append(dst, `],"session_type":"normal","session_id":`...)
	dst = appendString(dst, opts.SessionID)
	if opts.ResumeURL != "" {
		dst = append(dst, `,"resume_gateway_url":`...)
		dst = appendString(dst, opts.ResumeURL)
	}
	dst = append(dst, `,"relationships":[],"private_channels":[],"presences":[],"guilds":[`...)
	for i, id := range opts.GuildIDs {
		dst = append(separate(dst, i), `{"unavailable":true,"id":"`...)
		dst = strconv.AppendUint(dst, id, 10)
		dst = append(dst, `"}`...)
	}
	dst = append(dst, `],"guild_join_requests":[],"geo_ordered_rtc_regions":["frankfurt","rotterdam","milan","stockholm","bucharest"],"game_relationships":[],"auth":{},"application":{"id":"`...)
	dst = strconv.AppendUint(dst, user, 10)
	return append(dst, `","flags":565248},"_trace":["[\"gateway-prd-main-858d\",{\"micros\":94120,\"calls\":[\"id_created\",{\"micros\":612,\"calls\":[]},\"session_lookup_time\",{\"micros\":2210,\"calls\":[]}]}]"]}`...)
}

// appendString appends s as a JSON string.
func appendString(dst []byte, s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		panic("unreachable: every string can be marshalled")
	}
	return append(dst, quoted...)
}

// guildStep is the time in milliseconds between the foundings of two guilds of a
// shard, at least.
const guildStep = 97_000_000

// GuildIDs returns n ids of guilds that belong to the shard: for each of them
// (id>>22) % total is shard (Discord: "Sharding"). They rise, and are the same at
// each call. There are none for a shard that does not exist.
func GuildIDs(shard, total, n int) []uint64 {
	if shard < 0 || shard >= total || n <= 0 {
		return nil
	}
	r := newSource(uint64(shard), uint64(total))
	ids := make([]uint64, n)
	step := uint64(max(guildStep, total))
	for i := range ids {
		made := year/2 + uint64(i)*step // since Discord's epoch
		made += uint64(total) - made%uint64(total) + uint64(shard)
		ids[i] = made<<22 | uint64(r.below(1<<22))
	}
	return ids
}
