package gateway

import (
	"math"
	"strings"
	"testing"
)

func identify(token string, change func(*Identify)) builder {
	id := Identify{Intents: 513}
	change(&id)
	return func(dst []byte) ([]byte, error) { return AppendIdentify(dst, token, &id) }
}

func TestAppendIdentify(t *testing.T) {
	// Discord: "Example Identify Payload", the least, and "Example Identify", with everything.
	checkPayload(t, identify("my_token", func(id *Identify) {
		id.Properties = Properties{OS: "linux", Browser: "my_library", Device: "my_library"}
	}), OpIdentify, `{"token":"my_token","intents":513,
		"properties":{"os":"linux","browser":"my_library","device":"my_library"}}`)
	checkPayload(t, identify("my_token", func(id *Identify) {
		id.Intents = 7
		id.Properties = Properties{OS: "linux", Browser: "disco", Device: "disco"}
		id.Compress = true
		id.LargeThreshold = 250
		id.ShardCount = 1
		id.Presence = []byte(`{"activities":[{"name":"Cards Against Humanity","type":0}],"status":"dnd","since":91879201,"afk":false}`)
	}), OpIdentify, `{"token":"my_token","intents":7,
		"properties":{"os":"linux","browser":"disco","device":"disco"},"compress":true,"large_threshold":250,"shard":[0,1],
		"presence":{"activities":[{"name":"Cards Against Humanity","type":0}],"status":"dnd","since":91879201,"afk":false}}`)
	checkPayload(t, identify(`a"b\c`, func(id *Identify) {
		id.Properties.OS = "\"\\\n\xff"
		id.ShardID, id.ShardCount = 18999, 19000
		id.LargeThreshold = 50
		id.Presence = []byte(" {} ")
	}), OpIdentify, `{"token":"a\"b\\c","intents":513,"properties":{"os":"\"\\\n\ufffd","browser":"","device":""},
		"large_threshold":50,"shard":[18999,19000],"presence":{}}`)
}

func TestAppendIdentifyRefuses(t *testing.T) {
	for _, row := range []struct {
		field  string
		change func(*Identify)
	}{
		{"large_threshold", func(id *Identify) { id.LargeThreshold = 49 }},
		{"large_threshold", func(id *Identify) { id.LargeThreshold = 251 }},
		{"large_threshold", func(id *Identify) { id.LargeThreshold = -1 }},
		{"shard", func(id *Identify) { id.ShardID, id.ShardCount = 1, 1 }},
		{"shard", func(id *Identify) { id.ShardID, id.ShardCount = 1, 0 }},
		{"shard", func(id *Identify) { id.ShardID, id.ShardCount = -1, 1 }},
		{"shard", func(id *Identify) { id.ShardID, id.ShardCount = -1, 0 }},
		{"shard", func(id *Identify) { id.ShardID, id.ShardCount = 0, -1 }},
		{"shard", func(id *Identify) { id.ShardID, id.ShardCount = -2, -1 }},
		{"presence", func(id *Identify) { id.Presence = []byte(" ") }},
		{"presence", func(id *Identify) { id.Presence = []byte("null") }},
		{"presence", func(id *Identify) { id.Presence = []byte("[{}]") }},
		{"presence", func(id *Identify) { id.Presence = []byte("{}{}") }},
		{"presence", func(id *Identify) { id.Presence = []byte(`{},"token":"x"`) }},
		{"presence", func(id *Identify) { id.Presence = []byte(`{"status":"online"`) }},
		{"presence", func(id *Identify) { id.Presence = []byte("{\"status\":\"\xff\"}") }},
	} {
		checkRefused(t, identify("my_token", row.change), OpIdentify, row.field)
	}
	for _, token := range []string{"", "Bot my_token", "my_token\n", "my_tökén", "my_token\xff", "my_token\x7f"} {
		checkRefused(t, identify(token, func(*Identify) {}), OpIdentify, "token")
	}
}

func TestAppendIdentifyLimit(t *testing.T) {
	checkLimit(t, OpIdentify, func(dst []byte, padding string) ([]byte, error) {
		return AppendIdentify(dst, "my_token", &Identify{Properties: Properties{Browser: padding}})
	})
	checkLimit(t, OpIdentify, func(dst []byte, padding string) ([]byte, error) {
		return AppendIdentify(dst, "my_token", &Identify{Presence: []byte(`{"status":"` + padding + `"}`)})
	})
}

func TestAppendResume(t *testing.T) {
	resume := func(token, session string, seq int64) builder {
		return func(dst []byte) ([]byte, error) { return AppendResume(dst, token, session, seq) }
	}
	// Discord: "Example Resume".
	checkPayload(t, resume("randomstring", "evenmorerandomstring", 1337), OpResume,
		`{"token":"randomstring","session_id":"evenmorerandomstring","seq":1337}`)
	checkPayload(t, resume("t", "\"\xff\n", 0), OpResume, `{"token":"t","session_id":"\"\ufffd\n","seq":0}`)
	got, err := AppendResume(nil, "t", "s", math.MaxInt64)
	if want := `{"op":6,"d":{"token":"t","session_id":"s","seq":9223372036854775807}}`; err != nil || string(got) != want {
		t.Errorf("got %s, %v, want %s", got, err, want)
	}
	checkRefused(t, resume("", "s", 1), OpResume, "token")
	checkRefused(t, resume("t\r\n", "s", 1), OpResume, "token")
	checkRefused(t, resume("t", "", 1), OpResume, "session_id")
	checkRefused(t, resume("t", "s", -1), OpResume, "seq")
	checkLimit(t, OpResume, func(dst []byte, padding string) ([]byte, error) {
		return AppendResume(dst, "my_token", padding, 1)
	})
}

// Whatever is wrong, the token is not in the error.
func TestTokenInNoError(t *testing.T) {
	const secret = "s3cr3t"
	long := strings.Repeat("x", MaxPayload)
	for _, token := range []string{secret, secret + "\n", "Bot " + secret, secret + long} {
		for _, id := range []*Identify{
			{Properties: Properties{OS: long}},
			{LargeThreshold: 1},
			{ShardID: 1},
			{Presence: []byte("?")},
		} {
			_, err := AppendIdentify(nil, token, id)
			if err == nil || strings.Contains(err.Error(), secret) {
				t.Errorf("identify: error %v", err)
			}
		}
		_, err := AppendResume(nil, token, "", 1)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("resume: error %v", err)
		}
		_, err = AppendResume(nil, token, long, 1)
		if err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("resume: error %v", err)
		}
	}
}

func BenchmarkAppendIdentify(b *testing.B) {
	token := strings.Repeat("x", 72)
	id := &Identify{Intents: IntentsUnprivileged, ShardID: 7, ShardCount: 16,
		Properties: Properties{OS: "linux", Browser: "sluice", Device: "sluice"}}
	dst := make([]byte, 0, MaxPayload)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := AppendIdentify(dst, token, id); err != nil {
			b.Fatal(err)
		}
	}
}
