package gateway

import (
	"encoding/json"
	"errors"
	"math"
	"reflect"
	"strings"
	"testing"
)

// builder is a call of an Append function with everything but dst.
type builder func(dst []byte) ([]byte, error)

// checkPayload requires that build appends a payload with op that encoding/json reads as want,
// the JSON of d, and keeps what was in dst.
func checkPayload(t *testing.T, build builder, op Opcode, want string) {
	t.Helper()
	got, err := build([]byte("head"))
	if err != nil {
		t.Fatalf("%v: %v", op, err)
	}
	payload, ok := strings.CutPrefix(string(got), "head")
	if !ok {
		t.Fatalf("%v: %q does not begin with what was in dst", op, got)
	}
	var envelope struct {
		Op *Opcode `json:"op"`
		D  any     `json:"d"`
	}
	decoder := json.NewDecoder(strings.NewReader(payload))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&envelope); err != nil || decoder.More() {
		t.Fatalf("%v: %s: %v", op, payload, err)
	}
	if envelope.Op == nil || *envelope.Op != op {
		t.Fatalf("%v: %s has another opcode", op, payload)
	}
	var d any
	if err := json.Unmarshal([]byte(want), &d); err != nil {
		t.Fatalf("%s: %v", want, err)
	}
	if !reflect.DeepEqual(envelope.D, d) {
		t.Errorf("%v:\ngot  %s\nwant %s", op, payload, want)
	}
}

// checkRefused requires a FieldError for op and field, and dst as it was.
func checkRefused(t *testing.T, build builder, op Opcode, field string) {
	t.Helper()
	got, err := build([]byte("head"))
	var refused *FieldError
	if !errors.As(err, &refused) || refused.Op != op || refused.Field != field {
		t.Errorf("error %v, want a FieldError of %v for %s", err, op, field)
		return
	}
	if text := err.Error(); !strings.HasPrefix(text, "gateway: "+op.String()+": "+field+" ") || refused.Reason == "" {
		t.Errorf("error %q names no cause", text)
	}
	if string(got) != "head" {
		t.Errorf("%v: dst became %q", err, got)
	}
}

// checkTooLarge requires a PayloadTooLargeError for op and size, and dst as it was.
func checkTooLarge(t *testing.T, build builder, op Opcode, size int) {
	t.Helper()
	got, err := build([]byte("head"))
	var large *PayloadTooLargeError
	if !errors.As(err, &large) || large.Op != op || large.Size != size {
		t.Errorf("error %v, want a PayloadTooLargeError of %v with %d bytes", err, op, size)
	}
	if string(got) != "head" {
		t.Errorf("dst became %q", got)
	}
}

// checkLimit requires that the longest payload which build makes has MaxPayload bytes. The payload
// grows by one byte with each one of padding.
func checkLimit(t *testing.T, op Opcode, build func(dst []byte, padding string) ([]byte, error)) {
	t.Helper()
	with := func(n int) builder {
		return func(dst []byte) ([]byte, error) { return build(dst, strings.Repeat("x", n)) }
	}
	least, err := with(1)(nil)
	if err != nil {
		t.Fatal(err)
	}
	room := MaxPayload - len(least) + 1
	if b, err := with(room)(nil); err != nil || len(b) != MaxPayload {
		t.Errorf("%v: %d bytes, %v, want %d", op, len(b), err, MaxPayload)
	}
	checkTooLarge(t, with(room+1), op, MaxPayload+1)
	checkTooLarge(t, with(room+1<<20), op, MaxPayload+1<<20)
}

func TestPayloadTooLargeErrorText(t *testing.T) {
	err := &PayloadTooLargeError{Op: OpIdentify, Size: 5000}
	if got, want := err.Error(), "gateway: Identify: payload of 5000 bytes, at most 4096 can be sent"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAppendHeartbeat(t *testing.T) {
	for _, row := range []struct {
		seq  int64
		want string
	}{
		{0, `{"op":1,"d":null}`},
		{-1, `{"op":1,"d":null}`},
		{1, `{"op":1,"d":1}`},
		{251, `{"op":1,"d":251}`},
		{1 << 53, `{"op":1,"d":9007199254740992}`},
		{math.MaxInt64, `{"op":1,"d":9223372036854775807}`},
	} {
		if got := string(AppendHeartbeat([]byte("head"), row.seq)); got != "head"+row.want {
			t.Errorf("AppendHeartbeat(%d) = %s, want %s", row.seq, got, row.want)
		}
	}
}

// A builder allocates nothing when dst has room.
func TestAppendAllocs(t *testing.T) {
	if raceEnabled {
		t.Skip("allocations are not counted under the race detector")
	}
	presence := []byte(`{"since":null,"activities":[],"status":"online","afk":false}`)
	ids := []uint64{1, 2, math.MaxUint64}
	activities := []Activity{{Name: "chess", State: "\"\xff"}}
	dst := make([]byte, 0, MaxPayload)
	for name, build := range map[string]builder{
		"heartbeat": func(dst []byte) ([]byte, error) { return AppendHeartbeat(dst, 1<<53), nil },
		"identify": func(dst []byte) ([]byte, error) {
			return AppendIdentify(dst, "t", &Identify{Intents: IntentsAll, LargeThreshold: 250,
				ShardID: 1, ShardCount: 16, Presence: presence, Properties: Properties{"linux", "\x00é", "d"}})
		},
		"resume": func(dst []byte) ([]byte, error) { return AppendResume(dst, "t", "s", 1337) },
		"presence": func(dst []byte) ([]byte, error) {
			return AppendPresenceUpdate(dst, &Presence{Status: StatusIdle, Since: 91879201, Activities: activities})
		},
		"voice": func(dst []byte) ([]byte, error) {
			return AppendVoiceStateUpdate(dst, &VoiceState{GuildID: 1, ChannelID: 2})
		},
		"members": func(dst []byte) ([]byte, error) {
			return AppendRequestGuildMembers(dst, &MembersRequest{GuildID: 1, UserIDs: ids, Nonce: "n"})
		},
		"sounds": func(dst []byte) ([]byte, error) { return AppendRequestSoundboardSounds(dst, ids) },
		"channels": func(dst []byte) ([]byte, error) {
			return AppendRequestChannelInfo(dst, 1, ChannelStatus|ChannelVoiceStartTime)
		},
	} {
		if n := testing.AllocsPerRun(100, func() {
			if b, err := build(dst); err != nil || len(b) == 0 {
				t.Fatal(name, err)
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations, want 0", name, n)
		}
	}
}

func BenchmarkAppendHeartbeat(b *testing.B) {
	dst := make([]byte, 0, MaxPayload)
	b.ReportAllocs()
	for b.Loop() {
		AppendHeartbeat(dst, 1234567)
	}
}
