package gatewaytest

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/gatewire"
	"github.com/sluice-go/sluice/internal/traffic"
)

const (
	// chunkMembers is how many members a GUILD_MEMBERS_CHUNK holds at most.
	chunkMembers = 1000

	// queryMembers is how many members a query or user_ids may ask for.
	queryMembers = 100

	// maxNonce is the longest nonce that chunks repeat, in bytes.
	maxNonce = 32

	// membersInterval is how often all members of one guild may be asked for.
	membersInterval = 30 * time.Second
)

// membersRequest is the data of a Request Guild Members (Discord: "Gateway Events", heading "Request
// Guild Members").
type membersRequest struct {
	GuildID   json.RawMessage `json:"guild_id"`
	Query     *string         `json:"query"`
	Limit     int64           `json:"limit"`
	Presences bool            `json:"presences"`
	UserIDs   json.RawMessage `json:"user_ids"`
	Nonce     string          `json:"nonce"`
}

// all reports whether every member is asked for.
func (r *membersRequest) all() bool { return r.UserIDs == nil && *r.Query == "" && r.Limit == 0 }

// requestMembers answers Request Guild Members with the members that the guild has, in chunks that
// repeat the nonce.
func (s *session) requestMembers(d json.RawMessage, now time.Time) bool {
	var data membersRequest
	if json.Unmarshal(d, &data) != nil || (data.Query == nil) == (data.UserIDs == nil) || data.Limit < 0 {
		return false
	}
	guilds, ok := gatewire.ParseSnowflakes(data.GuildID) // older clients send a list of one
	if !ok || len(guilds) != 1 {
		return false
	}
	var ids []gatewire.Snowflake
	if data.UserIDs != nil {
		if ids, ok = gatewire.ParseSnowflakes(data.UserIDs); !ok || len(ids) > queryMembers {
			return false
		}
	}
	if len(data.Nonce) > maxNonce {
		data.Nonce = ""
	}
	data.Presences = data.Presences && s.intents&gateway.IntentGuildPresences != 0
	s.answer(func() []event {
		guild, ok := s.guild(uint64(guilds[0]))
		if !ok {
			return nil
		}
		if data.all() {
			if wait := s.membersWait(guilds[0], now); wait > 0 {
				return []event{data.limited(guilds[0], wait)}
			}
		}
		return data.chunks(guild, ids)
	})
	return true
}

// limited makes the answer to a request that comes too early.
func (r *membersRequest) limited(guild gatewire.Snowflake, wait time.Duration) event {
	meta := map[string]any{"guild_id": guild}
	if r.Nonce != "" {
		meta["nonce"] = r.Nonce
	}
	return newEvent("RATE_LIMITED", map[string]any{
		"opcode": gateway.OpRequestGuildMembers, "retry_after": wait.Seconds(), "meta": meta,
	})
}

// chunks makes the answer, one event at least. ids are those of user_ids.
func (r *membersRequest) chunks(guild traffic.Guild, ids []gatewire.Snowflake) []event {
	members, missing := r.find(guild, ids)
	count := max(1, (len(members)+chunkMembers-1)/chunkMembers)
	events := make([]event, count)
	for i := range events {
		chunk := members[i*chunkMembers : min(len(members), (i+1)*chunkMembers)]
		dst := strconv.AppendUint([]byte(`{"guild_id":"`), guild.ID(), 10)
		dst = strconv.AppendInt(append(dst, `","chunk_index":`...), int64(i), 10)
		dst = strconv.AppendInt(append(dst, `,"chunk_count":`...), int64(count), 10)
		dst = append(dst, `,"members":[`...)
		for k, member := range chunk {
			dst = append(separate(dst, k), member.Object()...)
		}
		dst = append(dst, ']')
		if r.Presences {
			dst = append(dst, `,"presences":[`...)
			n := 0
			for _, member := range chunk {
				if with, online := member.AppendPresence(separate(dst, n)); online {
					dst = with
					n++
				}
			}
			dst = append(dst, ']')
		}
		if missing != nil && i == 0 {
			dst = append(append(dst, `,"not_found":`...), mustJSON(missing)...)
		}
		if r.Nonce != "" {
			dst = append(append(dst, `,"nonce":`...), mustJSON(r.Nonce)...)
		}
		events[i] = event{"GUILD_MEMBERS_CHUNK", append(dst, '}')}
	}
	return events
}

// find returns the members that are asked for, and the ids that are no member's.
func (r *membersRequest) find(guild traffic.Guild, ids []gatewire.Snowflake) (members []traffic.Member, missing []gatewire.Snowflake) {
	if r.UserIDs != nil {
		for _, id := range ids {
			if member, ok := guild.Member(uint64(id)); ok {
				members = append(members, member)
			} else {
				missing = append(missing, id)
			}
		}
		return members, missing
	}
	limit := guild.Count()
	if !r.all() {
		limit = queryMembers
		if r.Limit > 0 {
			limit = int(min(int64(limit), r.Limit))
		}
	}
	for member := range guild.Members() {
		if len(members) == limit {
			break
		}
		if strings.HasPrefix(member.Username(), *r.Query) {
			members = append(members, member)
		}
	}
	return members, nil
}

// separate appends the comma in front of every element but the first.
func separate(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}

// mustJSON is the JSON of what always has one.
func mustJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers, and lists and maps of them
	}
	return data
}

// membersWait returns how long until all members of a guild may be asked for, 0 for now, which it
// then notes. The caller holds s.mu.
func (s *session) membersWait(guild gatewire.Snowflake, now time.Time) time.Duration {
	if last, ok := s.asked[guild]; ok && now.Sub(last) < membersInterval {
		return membersInterval - now.Sub(last)
	}
	if s.asked == nil {
		s.asked = make(map[gatewire.Snowflake]time.Time)
	}
	s.asked[guild] = now
	return 0
}
