package fuzz

import (
	"testing"

	"github.com/sluice-go/sluice/gateway"
)

// FuzzEventType holds gateway.ParseEventType, which sees the name of every event, against a map of
// the names; and a name that it knows against the sets that are parsed from it.
func FuzzEventType(f *testing.F) {
	types := map[string]gateway.EventType{}
	for t := range gateway.AllDispatches().All() {
		if t != gateway.EventUnknown {
			types[t.String()] = t
			f.Add([]byte(t.String()))
		}
	}
	for _, name := range []string{"", "HELLO", "UNKNOWN", "READ", "READY ", "MESSAGE_CREATf", "GUILD_MEMBERS_UPDATE"} {
		f.Add([]byte(name))
	}
	f.Fuzz(func(t *testing.T, name []byte) {
		got := gateway.ParseEventType(name)
		if want := types[string(name)]; got != want {
			t.Fatalf("ParseEventType(%q) = %v, want %v", name, got, want)
		}
		if got == gateway.EventUnknown {
			return
		}
		set, err := gateway.ParseEventSet(string(name))
		if err != nil || set != gateway.Events(got) {
			t.Errorf("ParseEventSet(%q) = %v, %v", name, set, err)
		}
	})
}
