package gateway

import (
	"strings"
	"testing"
)

func presence(p Presence) builder {
	return func(dst []byte) ([]byte, error) { return AppendPresenceUpdate(dst, &p) }
}

func TestAppendPresenceUpdate(t *testing.T) {
	// Discord: "Example Gateway Presence Update".
	checkPayload(t, presence(Presence{
		Since: 91879201, Status: StatusOnline, Activities: []Activity{{Name: "Save the Oxford Comma"}},
	}), OpPresenceUpdate, `{"since":91879201,"activities":[{"name":"Save the Oxford Comma","type":0}],"status":"online","afk":false}`)
	checkPayload(t, presence(Presence{}), OpPresenceUpdate,
		`{"since":null,"activities":[],"status":"online","afk":false}`)
	checkPayload(t, presence(Presence{Status: StatusDoNotDisturb, AFK: true, Activities: []Activity{
		{Name: "live", Type: ActivityStreaming, URL: "https://www.twitch.tv/discord"},
		{Name: "x", Type: ActivityCustom, State: "say \"hi\"\n\xff"},
		{Name: "chess", Type: ActivityCompeting},
	}}), OpPresenceUpdate, `{"since":null,"activities":[
		{"name":"live","type":1,"url":"https://www.twitch.tv/discord"},
		{"name":"x","type":4,"state":"say \"hi\"\n\ufffd"},
		{"name":"chess","type":5}],"status":"dnd","afk":true}`)
	for status, want := range map[Status]string{
		StatusOnline: "online", StatusIdle: "idle", StatusDoNotDisturb: "dnd",
		StatusInvisible: "invisible", StatusOffline: "offline",
	} {
		checkPayload(t, presence(Presence{Status: status}), OpPresenceUpdate,
			`{"since":null,"activities":[],"status":"`+want+`","afk":false}`)
	}
	types := []ActivityType{ActivityPlaying, ActivityStreaming, ActivityListening, ActivityWatching, ActivityCustom, ActivityCompeting}
	for i, activity := range types {
		if int(activity) != i {
			t.Errorf("activity type %d is %d", i, activity)
		}
	}
}

func TestAppendPresenceRefuses(t *testing.T) {
	for _, row := range []struct {
		field string
		p     Presence
	}{
		{"status", Presence{Status: "away"}},
		{"since", Presence{Since: -1}},
		{"activities[1].name", Presence{Activities: []Activity{{Name: "x"}, {}}}},
		{"activities[0].type", Presence{Activities: []Activity{{Name: "x", Type: 6}}}},
	} {
		checkRefused(t, presence(row.p), OpPresenceUpdate, row.field)
		checkRefused(t, func(dst []byte) ([]byte, error) { return AppendPresence(dst, &row.p) },
			OpPresenceUpdate, row.field)
	}
	checkLimit(t, OpPresenceUpdate, func(dst []byte, padding string) ([]byte, error) {
		return AppendPresenceUpdate(dst, &Presence{Activities: []Activity{{Name: padding}}})
	})
}

// What AppendPresence makes is what Identify takes.
func TestAppendPresenceForIdentify(t *testing.T) {
	p := &Presence{Status: StatusIdle, Since: 1, Activities: []Activity{{Name: "{\"\xff", Type: ActivityWatching}}}
	object, err := AppendPresence([]byte("head"), p)
	if err != nil || !strings.HasPrefix(string(object), "head{") {
		t.Fatalf("%s, %v", object, err)
	}
	object = object[len("head"):]
	checkPayload(t, identify("my_token", func(id *Identify) { id.Presence = object }), OpIdentify,
		`{"token":"my_token","intents":513,"properties":{"os":"","browser":"","device":""},"presence":`+string(object)+`}`)
}
