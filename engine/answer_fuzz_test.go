package engine

import (
	"encoding/json"
	"strconv"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/sluice-go/sluice/engine/internal/limit"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/lazyjson"
)

// FuzzAnswer holds what is read from answers and from RATE_LIMITED against
// encoding/json, on documents on which both must agree.
func FuzzAnswer(f *testing.F) {
	for _, seed := range []string{
		`{"guild_id":"1","members":[{"chunk_index":9}],"chunk_index":2,"chunk_count":3,"nonce":"abc"}`,
		`{"nonce":"\u0061\"é","chunk_count":1e3,"chunk_index":-0,"guild_id":18446744073709551616}`,
		`{"chunk_index":-1,"chunk_count":9223372036854775808,"guild_id":"000000000000000000001"}`,
		`{"opcode":8,"retry_after":12.5,"meta":{"guild_id":"81384788765712384","nonce":"x"}}`,
		`{"opcode":256,"retry_after":-1,"meta":null}`,
		`{"opcode":31,"retry_after":1e300,"meta":[]}`,
		`{"opcode":"8","retry_after":0}`,
		`{"guild_id":"7","soundboard_sounds":[]}`,
		`null`, `[]`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		chunk := readReply(gateway.EventGuildMembersChunk, data)
		sounds := readReply(gateway.EventSoundboardSounds, data)
		limited := readRateLimited(data)
		if chunk.index < -1 || chunk.count < -1 || limited.retryAfter < minRetryAfter || limited.retryAfter > maxRetryAfter {
			t.Fatalf("%+v, %+v", chunk, limited)
		}
		d, ok := object(data)
		if !ok {
			return
		}
		if want := snowflake(d["guild_id"]); chunk.guild != want || sounds.guild != want {
			t.Errorf("guilds %d and %d, want %d", chunk.guild, sounds.guild, want)
		}
		if want := number(d["chunk_index"]); chunk.index != want {
			t.Errorf("index %d, want %d", chunk.index, want)
		}
		if want := number(d["chunk_count"]); chunk.count != want {
			t.Errorf("count %d, want %d", chunk.count, want)
		}
		if nonce, ok := text(d["nonce"]); chunk.nonce.EqualString(nonce) != ok {
			t.Errorf("nonce %s, want %q, %v", chunk.nonce.Raw(), nonce, ok)
		}

		if op := number(d["opcode"]); limited.op != gateway.Opcode(max(op, 0)) {
			t.Errorf("opcode %d, want %d", limited.op, op)
		}
		want := limit.MembersPeriod
		var seconds *float64
		if json.Unmarshal(d["retry_after"], &seconds) == nil && seconds != nil && *seconds >= 0 {
			want = max(minRetryAfter, time.Duration(min(*seconds, maxRetryAfter.Seconds())*float64(time.Second)))
		}
		if limited.retryAfter != want {
			t.Errorf("retry after %v, want %v", limited.retryAfter, want)
		}
		if meta, ok := object(d["meta"]); ok {
			nonce, ok := text(meta["nonce"])
			if limited.guild != snowflake(meta["guild_id"]) || limited.nonce.EqualString(nonce) != ok {
				t.Errorf("guild %d, nonce %s", limited.guild, limited.nonce.Raw())
			}
		}
	})
}

// object decodes data if it is an object, or null, in which no key is repeated.
func object(data []byte) (d map[string]json.RawMessage, ok bool) {
	if !utf8.Valid(data) || json.Unmarshal(data, &d) != nil {
		return nil, false
	}
	if d == nil {
		return nil, true
	}
	n, err := lazyjson.ValueOf(data).Len()
	return d, err == nil && n == len(d)
}

func snowflake(raw json.RawMessage) uint64 {
	digits := string(raw)
	if s, ok := text(raw); ok {
		if len(s) > 20 {
			return 0
		}
		digits = s
	}
	id, _ := strconv.ParseUint(digits, 10, 64)
	if strconv.FormatUint(id, 10) != digits && (len(digits) == 0 || digits[0] != '0') {
		return 0 // out of range
	}
	return id
}

func number(raw json.RawMessage) int64 {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}

func text(raw json.RawMessage) (string, bool) {
	var s *string
	if json.Unmarshal(raw, &s) != nil || s == nil {
		return "", false
	}
	return *s, true
}
