package gateway

import (
	"strings"
	"testing"
)

func members(r MembersRequest) builder {
	return func(dst []byte) ([]byte, error) { return AppendRequestGuildMembers(dst, &r) }
}

func someIDs(n int) []uint64 {
	ids := make([]uint64, n)
	for i := range ids {
		ids[i] = 1<<64 - 1 - uint64(i)
	}
	return ids
}

func TestAppendRequestGuildMembers(t *testing.T) {
	// Discord: "Example Request Guild Members".
	checkPayload(t, members(MembersRequest{GuildID: 41771983444115456}), OpRequestGuildMembers,
		`{"guild_id":"41771983444115456","query":"","limit":0}`)
	checkPayload(t, members(MembersRequest{GuildID: 1, Limit: 5000}), OpRequestGuildMembers,
		`{"guild_id":"1","query":"","limit":5000}`)
	checkPayload(t, members(MembersRequest{GuildID: 1, Query: "\"é\xff", Limit: 100, Presences: true, Nonce: "né\""}),
		OpRequestGuildMembers, `{"guild_id":"1","query":"\"é\ufffd","limit":100,"presences":true,"nonce":"né\""}`)
	checkPayload(t, members(MembersRequest{GuildID: 1, UserIDs: []uint64{2, 3}}), OpRequestGuildMembers,
		`{"guild_id":"1","user_ids":["2","3"]}`)
	checkPayload(t, members(MembersRequest{GuildID: 1, Nonce: strings.Repeat("n", 32)}), OpRequestGuildMembers,
		`{"guild_id":"1","query":"","limit":0,"nonce":"`+strings.Repeat("n", 32)+`"}`)
	// The longest ids, as many as may be: it must fit.
	checkPayload(t, members(MembersRequest{GuildID: 1<<64 - 1, UserIDs: someIDs(100), Presences: true,
		Nonce: strings.Repeat("\x00", 32)}), OpRequestGuildMembers,
		`{"guild_id":"18446744073709551615","user_ids":`+string(appendIDs(nil, someIDs(100)))+
			`,"presences":true,"nonce":"`+strings.Repeat(`\u0000`, 32)+`"}`)
}

func TestAppendRequestGuildMembersRefuses(t *testing.T) {
	for _, row := range []struct {
		field string
		r     MembersRequest
	}{
		{"guild_id", MembersRequest{}},
		{"user_ids", MembersRequest{GuildID: 1, UserIDs: someIDs(101)}},
		{"user_ids[1]", MembersRequest{GuildID: 1, UserIDs: []uint64{1, 0}}},
		{"query", MembersRequest{GuildID: 1, UserIDs: someIDs(1), Query: "x"}},
		{"limit", MembersRequest{GuildID: 1, UserIDs: someIDs(1), Limit: 1}},
		{"limit", MembersRequest{GuildID: 1, Limit: -1}},
		{"limit", MembersRequest{GuildID: 1, Query: "x", Limit: 101}},
		{"nonce", MembersRequest{GuildID: 1, Nonce: strings.Repeat("n", 33)}},
		{"nonce", MembersRequest{GuildID: 1, Nonce: strings.Repeat("é", 17)}},
		{"nonce", MembersRequest{GuildID: 1, Nonce: "\xff"}},
	} {
		checkRefused(t, members(row.r), OpRequestGuildMembers, row.field)
	}
	checkLimit(t, OpRequestGuildMembers, func(dst []byte, padding string) ([]byte, error) {
		return AppendRequestGuildMembers(dst, &MembersRequest{GuildID: 1, Query: padding})
	})
}
