package gatewaytest

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

const (
	// guildMembers is how many members every guild has for Request Guild Members.
	guildMembers = 2500

	// chunkMembers is how many members a GUILD_MEMBERS_CHUNK holds at most.
	chunkMembers = 1000

	// queryMembers is how many members a query or user_ids may ask for.
	queryMembers = 100

	// maxNonce is the longest nonce that chunks repeat, in bytes.
	maxNonce = 32

	// membersInterval is how often all members of one guild may be asked for.
	membersInterval = 30 * time.Second
)

// snowflake is an id, which JSON carries as a string. JDA and others send a number, which Discord takes as well
// (Discord: "Reference", heading "Snowflakes in the API").
type snowflake uint64

func (id *snowflake) UnmarshalJSON(b []byte) error {
	s := string(b)
	if s[0] == '"' {
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
	}
	n, err := strconv.ParseUint(s, 10, 64)
	*id = snowflake(n)
	return err
}

func (id snowflake) MarshalJSON() ([]byte, error) {
	return strconv.AppendQuote(nil, strconv.FormatUint(uint64(id), 10)), nil
}

// command obeys what an identified client asks for, with events for its session alone.
func (c *conn) command(s *session, op gateway.Opcode, d json.RawMessage, now time.Time) {
	var ok bool
	switch op {
	case gateway.OpPresenceUpdate:
		var data *struct {
			Status *string `json:"status"`
		}
		ok = json.Unmarshal(d, &data) == nil && data != nil
	case gateway.OpVoiceStateUpdate:
		ok = s.voiceState(d)
	case gateway.OpRequestGuildMembers:
		ok = s.requestMembers(d, now)
	case gateway.OpRequestSoundboardSounds:
		ok = s.requestSounds(d)
	case gateway.OpRequestChannelInfo:
		ok = s.requestChannelInfo(d)
	}
	if !ok {
		c.close(refusedDecode.code, refusedDecode.reason)
	}
}

// send gives the session an event of its own with v as data.
func (s *session) send(eventType string, v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // every v is made of maps, slices, strings and numbers
	}
	s.dispatch(event{eventType, data})
}

// has reports whether a guild is the shard's; nothing is answered about others.
func (s *session) has(guild snowflake) bool { return slices.Contains(s.guilds, uint64(guild)) }

// voiceState answers Update Voice State.
func (s *session) voiceState(d json.RawMessage) bool {
	var data struct {
		GuildID   *snowflake `json:"guild_id"`
		ChannelID *snowflake `json:"channel_id"`
		SelfMute  bool       `json:"self_mute"`
		SelfDeaf  bool       `json:"self_deaf"`
	}
	if json.Unmarshal(d, &data) != nil || data.GuildID == nil {
		return false
	}
	if !s.has(*data.GuildID) {
		return true
	}
	s.send("VOICE_STATE_UPDATE", map[string]any{
		"guild_id": data.GuildID, "channel_id": data.ChannelID, "user_id": snowflake(s.srv.cfg.bot), "session_id": s.id,
		"self_mute": data.SelfMute, "self_deaf": data.SelfDeaf, "mute": false, "deaf": false, "self_video": false,
		"suppress": false, "request_to_speak_timestamp": nil,
		"member": botMember(s.srv.cfg.bot),
	})
	if data.ChannelID != nil {
		s.send("VOICE_SERVER_UPDATE", map[string]any{
			"guild_id": data.GuildID, "token": "voice", "endpoint": "voice.gatewaytest.example:443",
		})
	}
	return true
}

// requestMembers answers Request Guild Members, in chunks that repeat the nonce.
func (s *session) requestMembers(d json.RawMessage, now time.Time) bool {
	var data struct {
		GuildID json.RawMessage `json:"guild_id"`
		Query   *string         `json:"query"`
		Limit   int64           `json:"limit"`
		UserIDs json.RawMessage `json:"user_ids"`
		Nonce   string          `json:"nonce"`
	}
	if json.Unmarshal(d, &data) != nil || (data.Query == nil) == (data.UserIDs == nil) || data.Limit < 0 {
		return false
	}
	guilds, ok := parseIDs(data.GuildID) // older clients send a list of one
	if !ok || len(guilds) != 1 {
		return false
	}
	guild := guilds[0]
	if !s.has(guild) {
		return true
	}
	if len(data.Nonce) > maxNonce {
		data.Nonce = ""
	}
	var members, missing []snowflake
	switch {
	case data.UserIDs != nil:
		ids, ok := parseIDs(data.UserIDs)
		if !ok || len(ids) > queryMembers {
			return false
		}
		for _, id := range ids {
			if 1 <= id && id <= guildMembers {
				members = append(members, id)
			} else {
				missing = append(missing, id)
			}
		}
	case *data.Query == "" && data.Limit == 0:
		if wait := s.membersWait(guild, now); wait > 0 {
			meta := map[string]any{"guild_id": guild}
			if data.Nonce != "" {
				meta["nonce"] = data.Nonce
			}
			s.send("RATE_LIMITED", map[string]any{
				"opcode": gateway.OpRequestGuildMembers, "retry_after": wait.Seconds(), "meta": meta,
			})
			return true
		}
		for id := snowflake(1); id <= guildMembers; id++ {
			members = append(members, id)
		}
	default:
		limit := queryMembers
		if data.Limit > 0 {
			limit = int(min(int64(limit), data.Limit))
		}
		for id := snowflake(1); id <= guildMembers && len(members) < limit; id++ {
			if strings.HasPrefix(memberName(id), *data.Query) {
				members = append(members, id)
			}
		}
	}
	s.sendChunks(guild, members, missing, data.Nonce)
	return true
}

// sendChunks sends members as events, one at least.
func (s *session) sendChunks(guild snowflake, members, missing []snowflake, nonce string) {
	count := max(1, (len(members)+chunkMembers-1)/chunkMembers)
	for i := range count {
		chunk := make([]any, 0, chunkMembers)
		for _, id := range members[i*chunkMembers : min(len(members), (i+1)*chunkMembers)] {
			chunk = append(chunk, map[string]any{
				"user": map[string]any{
					"id": id, "username": memberName(id), "discriminator": "0", "global_name": nil, "avatar": nil, "public_flags": 0,
					"avatar_decoration_data": nil, "collectibles": nil, "primary_guild": nil, "clan": nil,
				},
				"roles": []string{}, "joined_at": "2024-01-01T00:00:00+00:00", "deaf": false, "mute": false, "flags": 0,
				"nick": nil, "avatar": nil, "banner": nil, "premium_since": nil, "pending": false, "communication_disabled_until": nil,
			})
		}
		data := map[string]any{"guild_id": guild, "members": chunk, "chunk_index": i, "chunk_count": count}
		if missing != nil && i == 0 {
			data["not_found"] = missing
		}
		if nonce != "" {
			data["nonce"] = nonce
		}
		s.send("GUILD_MEMBERS_CHUNK", data)
	}
}

// memberName returns the name of a guild's member; members have the ids from 1.
func memberName(id snowflake) string { return "member-" + strconv.FormatUint(uint64(id), 10) }

// membersWait returns how long until all members of a guild may be asked for, 0 for now, which it
// then notes.
func (s *session) membersWait(guild snowflake, now time.Time) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.asked[guild]; ok && now.Sub(last) < membersInterval {
		return membersInterval - now.Sub(last)
	}
	if s.asked == nil {
		s.asked = make(map[snowflake]time.Time)
	}
	s.asked[guild] = now
	return 0
}

// parseIDs reads one id or a list of them.
func parseIDs(d json.RawMessage) (ids []snowflake, ok bool) {
	if json.Unmarshal(d, &ids) == nil {
		return ids, true
	}
	var id snowflake
	if json.Unmarshal(d, &id) == nil {
		return []snowflake{id}, true
	}
	return nil, false
}

// requestSounds answers Request Soundboard Sounds, with those that the guild was announced with.
func (s *session) requestSounds(d json.RawMessage) bool {
	var data struct {
		GuildIDs *[]snowflake `json:"guild_ids"`
	}
	if json.Unmarshal(d, &data) != nil || data.GuildIDs == nil {
		return false
	}
	for _, guild := range *data.GuildIDs {
		if s.has(guild) {
			data := s.srv.maker().SoundboardSounds(nil, uint64(guild), s.srv.cfg.guildSize)
			s.dispatch(event{"SOUNDBOARD_SOUNDS", data})
		}
	}
	return true
}

// requestChannelInfo answers Request Channel Info, about the voice channels that the guild was announced
// with.
func (s *session) requestChannelInfo(d json.RawMessage) bool {
	var data struct {
		GuildID *snowflake `json:"guild_id"`
		Fields  *[]string  `json:"fields"`
	}
	if json.Unmarshal(d, &data) != nil || data.GuildID == nil || data.Fields == nil {
		return false
	}
	info := map[string]any{}
	for _, field := range *data.Fields {
		switch field {
		case "status", "voice_start_time":
			info[field] = nil
		default:
			return false
		}
	}
	if s.has(*data.GuildID) {
		channels := []any{}
		for _, id := range s.srv.maker().VoiceChannels(uint64(*data.GuildID), s.srv.cfg.guildSize) {
			channel := maps.Clone(info)
			channel["id"] = id
			channels = append(channels, channel)
		}
		s.send("CHANNEL_INFO", map[string]any{"guild_id": data.GuildID, "channels": channels})
	}
	return true
}
