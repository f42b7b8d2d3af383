package gateway

import (
	"encoding/json"
	"errors"
	"flag"
	"strings"
	"testing"
)

func TestParseIntents(t *testing.T) {
	for _, row := range []struct {
		list string
		want Intents
		text string // what String makes of it
	}{
		{"0", 0, "0"},
		{"GUILDS", IntentGuilds, "GUILDS"},
		{" GUILD_MESSAGES ,\tGUILDS\n", IntentGuilds | IntentGuildMessages, "GUILDS,GUILD_MESSAGES"},
		{"GUILDS,GUILDS", IntentGuilds, "GUILDS"},
		{"513", IntentGuilds | IntentGuildMessages, "GUILDS,GUILD_MESSAGES"},
		{"GUILDS,512", IntentGuilds | IntentGuildMessages, "GUILDS,GUILD_MESSAGES"},
		{"131072", 1 << 17, "131072"},
		{"131073", IntentGuilds | 1<<17, "GUILDS,131072"},
		{"18446744073709551615", ^Intents(0), IntentsAll.String() + ",18446744073655943168"},
	} {
		got, err := ParseIntents(row.list)
		if err != nil || got != row.want {
			t.Errorf("ParseIntents(%q) = %d, %v, want %d", row.list, uint64(got), err, uint64(row.want))
		}
		if text := row.want.String(); text != row.text {
			t.Errorf("Intents(%d).String() = %q, want %q", uint64(row.want), text, row.text)
		}
	}
	var names []string
	for _, row := range intentRows {
		names = append(names, row.name)
	}
	if got, want := IntentsAll.String(), strings.Join(names, ","); got != want {
		t.Errorf("IntentsAll.String() = %q, want %q", got, want)
	}
}

func TestParseEventSet(t *testing.T) {
	for _, row := range []struct {
		list string
		want EventSet
		text string // what String makes of it
	}{
		{"none", EventSet{}, "none"},
		{" all ", AllDispatches(), "all"},
		{"UNKNOWN", Events(EventUnknown), "UNKNOWN"},
		{"MESSAGE_UPDATE, MESSAGE_CREATE", Events(EventMessageCreate, EventMessageUpdate), "MESSAGE_CREATE,MESSAGE_UPDATE"},
		{"HELLO,READY,CLOSED", Events(EventReady, EventHello, EventClosed), "READY,HELLO,CLOSED"},
		{"READY,all,STATE_CHANGED", AllDispatches().Union(Events(EventStateChanged)), "all,STATE_CHANGED"},
	} {
		got, err := ParseEventSet(row.list)
		if err != nil || got != row.want {
			t.Errorf("ParseEventSet(%q) = %v, %v, want %v", row.list, got, err, row.want)
		}
		if text := row.want.String(); text != row.text {
			t.Errorf("String() = %q, want %q", text, row.text)
		}
	}
}

func TestParseNamesRefuses(t *testing.T) {
	long := strings.Repeat("é", 200)
	for _, list := range []string{
		"", ",", "GUILDS,", ",READY", "guilds", "ready", "ALL", "READY GUILDS", "READY,none", "-1", "0x1",
		"+1", "18446744073709551616", "EventType 90", "GUILDS,READY", long,
	} {
		for kind, parse := range map[string]func() error{
			"intent": func() error { _, err := ParseIntents(list); return err },
			"event":  func() error { _, err := ParseEventSet(list); return err },
		} {
			err := parse()
			var name *NameError
			if !errors.As(err, &name) {
				t.Errorf("%s %q: error %v", kind, list, err)
				continue
			}
			if name.Kind != kind || !strings.Contains(list, name.Name) {
				t.Errorf("%s %q: %+v", kind, list, name)
			}
			if text := err.Error(); !strings.HasPrefix(text, "gateway: unknown "+kind+` "`) {
				t.Errorf("%s %q: %q", kind, list, text)
			}
		}
	}
}

// The errors say which word it was and what is possible.
func TestNameErrorText(t *testing.T) {
	_, err := ParseIntents("GUILDS,GUILD_MESAGES")
	if want := `gateway: unknown intent "GUILD_MESAGES" (possible: ` + IntentsAll.String() + `, or a number)`; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	_, err = ParseEventSet("MESSAGE_CRATE")
	text := err.Error()
	for _, name := range append(append([]string{`"MESSAGE_CRATE"`, "all", "UNKNOWN"}, dispatchNames...), otherNames...) {
		if !strings.Contains(text, name) {
			t.Errorf("%q does not name %s", text, name)
		}
	}
	_, err = ParseIntents(strings.Repeat("x", 1<<20))
	if n := len(err.Error()); n > 1000 {
		t.Errorf("a long word makes an error of %d bytes", n)
	}
}

func TestEventSetText(t *testing.T) {
	want := Events(EventReady, EventMessageCreate)
	text, err := json.Marshal(map[string]EventSet{"events": want})
	if err != nil || string(text) != `{"events":"READY,MESSAGE_CREATE"}` {
		t.Errorf("Marshal: %s, %v", text, err)
	}
	var got EventSet
	flags := flag.NewFlagSet("test", flag.ContinueOnError)
	flags.SetOutput(new(strings.Builder))
	flags.TextVar(&got, "events", AllDispatches(), "")
	if got != AllDispatches() {
		t.Errorf("default: %v", got)
	}
	if err := flags.Parse([]string{"-events", "READY,MESSAGE_CREATE"}); err != nil || got != want {
		t.Errorf("flag: %v, %v", got, err)
	}
	if err := got.UnmarshalText([]byte("READY,?")); err == nil || got != want {
		t.Errorf("after an error: %v, %v", got, err)
	}
}

func FuzzParseIntents(f *testing.F) {
	for _, seed := range []string{"GUILDS,GUILD_MESSAGES", "53608447", "GUILDS, 131072", "", "all"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		i, err := ParseIntents(list)
		if err != nil {
			return
		}
		if again, err := ParseIntents(i.String()); err != nil || again != i {
			t.Errorf("%q is %d, %q is %d, %v", list, uint64(i), i.String(), uint64(again), err)
		}
	})
}

func FuzzParseEventSet(f *testing.F) {
	for _, seed := range []string{"MESSAGE_CREATE,UNKNOWN", "all,HELLO", "none", "", "READY, RESUMED"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, list string) {
		s, err := ParseEventSet(list)
		if err != nil {
			return
		}
		if again, err := ParseEventSet(s.String()); err != nil || again != s {
			t.Errorf("%q is %v, which reads back as %v, %v", list, s, again, err)
		}
	})
}
