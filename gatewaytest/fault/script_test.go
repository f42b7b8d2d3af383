package fault

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestParseScript(t *testing.T) {
	faults, err := ParseScript(strings.NewReader(`
# a bad day
ready: close 4000 see you
event 100 shard 0,2 times 3:	reconnect

accept via resume always: reset
resume: invalid-session false
hello: stall-writes 1.5s
event: send {"op":0, "t":"A:B"}
replay via gateway 3:drop
`))
	if err == nil || err.Error() != `gatewaytest: script: line 10: "3" wants something behind it, or is not known: there are shard, via, times and always` {
		t.Errorf("%v, %v", faults, err)
	}
	faults, err = ParseScript(strings.NewReader(`
# a bad day
ready: close 4000 see you
event 100 shard 0,2 times 3:	reconnect

accept via resume always: reset
hello: stall-writes 1.5s
event: send {"op":0, "t":"A:B"}`))
	want := []Fault{
		{Point: AtReady, Action: ActionClose, Number: 4000, Text: "see you"},
		{Point: AtEvent, Nth: 100, Shards: []int{0, 2}, Times: 3, Action: ActionReconnect},
		{Point: AtAccept, Address: ResumeAddress, Times: Always, Action: ActionReset},
		{Point: AtHello, Action: ActionStallWrites, Duration: 1500 * time.Millisecond},
		{Point: AtEvent, Action: ActionSend, Text: `{"op":0, "t":"A:B"}`},
	}
	if err != nil || !reflect.DeepEqual(faults, want) {
		t.Errorf("%+v, %v", faults, err)
	}
}

// TestParseFaultErrors has a mistake a line, and what the error must say.
func TestParseFaultErrors(t *testing.T) {
	for line, want := range map[string]string{
		"":                               "no colon",
		"ready":                          "no colon",
		": drop":                         "want one of accept, upgrade",
		"readY: drop":                    `unknown point "readY"`,
		"ready: fly":                     `unknown action "fly": want one of close, drop`,
		"ready:":                         `unknown action ""`,
		"ready 0: drop":                  `"0": want a number from 1`,
		"ready 99999999999: drop":        "want a number from 1",
		"ready shard: drop":              `"shard" wants something`,
		"ready shard 1,x: drop":          "want ids with commas",
		"ready shard 1 shard 2: drop":    "twice",
		"ready always times 2: drop":     "twice how many times",
		"ready via nowhere: drop":        "want gateway or resume",
		"ready near by: drop":            `"near" is not known`,
		"hello shard 1: drop":            "the shard is not known yet at hello",
		"ready: close":                   `close "": want a number`,
		"ready: close 999":               "want 1000 to 4999",
		"ready: close 1006":              "never stands in a close frame",
		"ready: drop it":                 `"it" too much`,
		"ready: stall-reads soon":        "want a duration",
		"ready: stall-reads -1s":         "want a duration of at most 1h",
		"ready: refuse 503":              "only at upgrade",
		"upgrade: refuse 200":            "want 400 to 599",
		"accept: reconnect":              "reconnect cannot happen at accept",
		"ready: invalid-session":         "want true (it can be resumed) or false",
		"ready: malformed strange":       "want one of array",
		"ready: send":                    "want a payload",
		"upgrade: redirect":              "want a URL",
		"ready: bomb 99999999999999":     "want 1048576 to",
		"ready: close 4000 \xff":         "must be UTF-8",
		"ready: bomb -99999999999999999": "want 1048576 to",
	} {
		_, err := Parse(line)
		var scriptErr *ScriptError
		if !errors.As(err, &scriptErr) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %s", line, err, want)
		}
	}
	if _, err := ParseScript(strings.NewReader("#\n" + strings.Repeat("x", maxScriptLine+1))); err == nil || !strings.Contains(err.Error(), "line 2: longer than") {
		t.Errorf("a long line: %v", err)
	}
	if _, err := ParseScript(strings.NewReader(strings.Repeat("ready: drop\n", maxScript+1))); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("a long script: %v", err)
	}
}

// FuzzParseScript parses anything. What is accepted is valid, and its text means the same.
func FuzzParseScript(f *testing.F) {
	for _, seed := range []string{
		"ready: close 4000 see you\n\n# x\naccept via resume always: reset",
		"event 100 shard 0,2 times 3: skip 5",
		"hello: stall-writes 1.5s",
		`event 1: send {"op":0}`,
		"upgrade: redirect wss://elsewhere.example/?a=b:c",
		"ready: bomb 1048576\nready: malformed null\nresume 2: invalid-session true",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, script string) {
		faults, err := ParseScript(strings.NewReader(script))
		if err != nil {
			var scriptErr *ScriptError
			if !errors.As(err, &scriptErr) || scriptErr.Line < 1 || scriptErr.Line > strings.Count(script, "\n")+1 || faults != nil {
				t.Fatalf("%v, %+v", err, faults)
			}
			return
		}
		for _, fault := range faults {
			if err := fault.Check(); err != nil {
				t.Fatalf("%+v: %v", fault, err)
			}
			again, err := Parse(fault.String())
			// What is 1 if left out is left out.
			if fault.Nth == 1 {
				fault.Nth = 0
			}
			if fault.Times == 1 {
				fault.Times = 0
			}
			if err != nil || !reflect.DeepEqual(again, fault) {
				t.Fatalf("%+v is written %q and read %+v, %v", fault, fault.String(), again, err)
			}
		}
	})
}

// TestActionSpecs looks for actions that no table describes, or that chaos has at the wrong point.
func TestActionSpecs(t *testing.T) {
	for a := ActionClose; a < actions; a++ {
		if spec := a.spec(); spec.name == "" || len(spec.at) == 0 || spec.takes&number != 0 && spec.max == 0 {
			t.Errorf("action %d: %+v", a, spec)
		}
	}
	if got := (Fault{Point: 77, Action: 200, Address: 9}).String(); got != "Point(77): Action(200)" {
		t.Errorf("nonsense is %q", got)
	}
}
