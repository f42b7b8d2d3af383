package gateway

import (
	"strings"
	"testing"
)

// Discord: "Gateway Close Event Codes".
var closeCodes = []struct {
	code     CloseCode
	number   uint16
	text     string
	decision Decision
	remedy   string // a word that the sentence must hold
}{
	{0, 0, "none", DecisionResume, ""},
	{CloseNormal, 1000, "1000 normal closure", DecisionResume, ""},
	{CloseGoingAway, 1001, "1001 going away", DecisionResume, ""},
	{1006, 1006, "1006", DecisionResume, ""},
	{CloseUnknownError, 4000, "4000 unknown error", DecisionResume, ""},
	{CloseUnknownOpcode, 4001, "4001 unknown opcode", DecisionIdentify, ""},
	{CloseDecodeError, 4002, "4002 decode error", DecisionResume, ""},
	{CloseNotAuthenticated, 4003, "4003 not authenticated", DecisionIdentify, ""},
	{CloseAuthenticationFailed, 4004, "4004 authentication failed", DecisionStop, "token"},
	{CloseAlreadyAuthenticated, 4005, "4005 already authenticated", DecisionResume, ""},
	{4006, 4006, "4006", DecisionResume, ""},
	{CloseInvalidSeq, 4007, "4007 invalid seq", DecisionIdentify, ""},
	{CloseRateLimited, 4008, "4008 rate limited", DecisionResume, ""},
	{CloseSessionTimedOut, 4009, "4009 session timed out", DecisionIdentify, ""},
	{CloseInvalidShard, 4010, "4010 invalid shard", DecisionStop, "multiple"},
	{CloseShardingRequired, 4011, "4011 sharding required", DecisionStop, "more shards"},
	{CloseInvalidAPIVersion, 4012, "4012 invalid API version", DecisionStop, "v=10"},
	{CloseInvalidIntents, 4013, "4013 invalid intents", DecisionStop, "bit"},
	{CloseDisallowedIntents, 4014, "4014 disallowed intents", DecisionStop, "GUILD_MEMBERS, GUILD_PRESENCES and MESSAGE_CONTENT"},
	{4015, 4015, "4015", DecisionResume, ""},
	{65535, 65535, "65535", DecisionResume, ""},
}

func TestCloseCodes(t *testing.T) {
	for _, row := range closeCodes {
		if uint16(row.code) != row.number {
			t.Errorf("%v is %d, want %d", row.code, uint16(row.code), row.number)
		}
		if got := row.code.String(); got != row.text {
			t.Errorf("CloseCode(%d).String() = %q, want %q", row.number, got, row.text)
		}
		if got := row.code.Decision(); got != row.decision {
			t.Errorf("%v: decision %v, want %v", row.code, got, row.decision)
		}
		remedy := row.code.Remedy()
		if row.remedy == "" {
			if remedy != "" {
				t.Errorf("%v: remedy %q, want none", row.code, remedy)
			}
			continue
		}
		if !strings.Contains(remedy, row.remedy) || !strings.HasSuffix(remedy, ".") {
			t.Errorf("%v: remedy %q is no sentence with %q", row.code, remedy, row.remedy)
		}
	}
}

// Every code stops exactly if it has a remedy, and any that the table does not name means resume.
func TestCloseCodesAll(t *testing.T) {
	named := map[CloseCode]bool{}
	for _, row := range closeCodes {
		named[row.code] = true
	}
	for n := range 1 << 16 {
		c := CloseCode(n)
		if stops := c.Decision() == DecisionStop; stops != (c.Remedy() != "") {
			t.Errorf("%v: decision %v with remedy %q", c, c.Decision(), c.Remedy())
		}
		if !named[c] && c.Decision() != DecisionResume {
			t.Errorf("%v: decision %v, want resume", c, c.Decision())
		}
	}
}

func TestDecisionString(t *testing.T) {
	for d, want := range map[Decision]string{
		DecisionResume: "resume", DecisionIdentify: "identify", DecisionStop: "stop", 7: "Decision 7",
	} {
		if got := d.String(); got != want {
			t.Errorf("Decision(%d).String() = %q, want %q", uint8(d), got, want)
		}
	}
}
