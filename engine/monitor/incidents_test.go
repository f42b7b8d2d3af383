package monitor

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
)

// account takes lines such as "4 drop 0-99", "5 resumed 3", at seconds of a day.
func account(t *testing.T, text string) *incidents {
	var in incidents
	for line := range strings.Lines(text) {
		var second, from, to int
		var what string
		if n, _ := fmt.Sscanf(line, "%d %s %d-%d", &second, &what, &from, &to); n < 3 {
			continue
		} else if n == 3 {
			to = from
		}
		for id := from; id <= to; id++ {
			h := lifecycle.Happening{At: base.Add(time.Duration(second) * time.Second), Shard: id, Total: 10_000, From: lifecycle.Ready, To: lifecycle.Disconnected}
			switch what {
			case "drop":
				h.Cause = fmt.Sprintf("read 127.0.0.1:%d: reset", 1000+id)
			case "close":
				h.Cause = "the user closed the shard with 4000"
			case "resumed":
				h.From, h.To = lifecycle.Resuming, lifecycle.Ready
			case "identified":
				h.From, h.To = lifecycle.Identifying, lifecycle.Ready
			case "stopped":
				h.From, h.To = lifecycle.Closing, lifecycle.Stopped
			case "lost":
				h.Kind, h.First, h.To = lifecycle.HappenedLost, 7, lifecycle.Ready
			case "missing":
				h.Kind, h.First, h.Last, h.To = lifecycle.HappenedLost, 7, 9, lifecycle.Ready
			default:
				t.Fatal(line)
			}
			in.take(&h)
		}
	}
	return &in
}

var base = time.Date(2026, 11, 28, 3, 12, 0, 0, time.Local)

func TestSentences(t *testing.T) {
	for _, c := range []struct{ happened, want string }{
		{"4 drop 0-2999\n9 drop 3000-3126\n41 resumed 0-3126", "3,127 shards were dropped between 03:12:04 and 03:12:09; all were resumed by 03:12:41; nothing was lost."},
		{"4 drop 17\n5 resumed 17", "Shard 17 was dropped at 03:12:04; it was resumed by 03:12:05; nothing was lost."},
		{"4 drop 17", "Shard 17 was dropped at 03:12:04; it is not back yet; nothing was lost so far."},
		{"4 drop 1-2\n5 resumed 1-2", "2 shards were dropped at 03:12:04; both were resumed by 03:12:05; nothing was lost."},
		{"4 drop 1-5\n5 resumed 1-4", "5 shards were dropped at 03:12:04; 1 of them is not back yet; nothing was lost so far."},
		{"4 lost 1-5\n4 drop 1-5\n9 identified 1-5", "5 shards were dropped at 03:12:04; all were back with a new session by 03:12:09; 5 sessions were lost, of which events may be missing."},
		{"4 drop 1-5\n5 resumed 1-4\n6 lost 5\n9 identified 5", "5 shards were dropped at 03:12:04; 4 were resumed, 1 was back with a new session by 03:12:09; one session was lost, of which events may be missing."},
		{"4 drop 1-3\n5 resumed 1\n6 missing 2\n7 resumed 2-3", "3 shards were dropped at 03:12:04; all were resumed by 03:12:07; 3 events were lost."},
		{"4 drop 1-2\n5 stopped 1-2", "2 shards were dropped at 03:12:04; none came back; nothing was lost."},
		{"4 drop 1-3\n5 stopped 1\n6 resumed 2-3", "3 shards were dropped at 03:12:04; 2 were resumed by 03:12:06; one shard stopped for good; nothing was lost."},
		{"4 missing 3", "At 03:12:04 3 events were lost."},
		{"4 close 3\n5 resumed 9", ""},
	} {
		got := ""
		for _, v := range account(t, c.happened).view(base) {
			got += v.Sentence
		}
		if got != c.want {
			t.Errorf("%q:\n%s\nwant\n%s", c.happened, got, c.want)
		}
	}
}

// TestIncidentsAreApart where they lie apart, and by minutes where they never end.
func TestIncidentsAreApart(t *testing.T) {
	in := account(t, "0 drop 1\n3 drop 2\n9 drop 1\n10 resumed 1-2")
	list := in.view(base)
	if len(list) != 2 || list[0].Sentence != "Shard 1 was dropped at 03:12:09; it was resumed by 03:12:10; nothing was lost." ||
		list[1].Open || len(in.of) != 0 || len(list[1].Causes) != 1 || list[1].Causes[0] != (causeView{"read #.#.#.#:#: reset", 2}) {
		t.Errorf("%+v", list)
	}
	var storm strings.Builder
	for second := range 600 {
		fmt.Fprintf(&storm, "%d drop %d\n", second, second%7)
	}
	in = account(t, storm.String())
	if n := len(in.list); n != 10 || len(in.of) != 7 {
		t.Errorf("%d incidents in 10 minutes of faults, %d shards are waited for", n, len(in.of))
	}
	in.reconcile(base.Add(time.Hour), map[shardKey]lifecycle.State{{0, 10_000}: lifecycle.Ready, {1, 10_000}: lifecycle.Connecting, {2, 10_000}: lifecycle.Stopped})
	if len(in.of) != 1 {
		t.Errorf("%d shards are waited for", len(in.of))
	}
}

// TestIncidentsAreBounded.
func TestIncidentsAreBounded(t *testing.T) {
	var text strings.Builder
	for i := range 3 * keptIncidents {
		fmt.Fprintf(&text, "%d drop %d\n", i*10, i)
	}
	in := account(t, text.String())
	if len(in.list) != keptIncidents || len(in.of) != keptIncidents {
		t.Errorf("%d incidents, %d shards", len(in.list), len(in.of))
	}
	for i := range 2 * keptCauses {
		in.take(&lifecycle.Happening{At: base, Shard: i, From: lifecycle.Ready, Cause: strings.Repeat("x", i)})
	}
	if n := len(in.list[len(in.list)-1].causes); n > keptCauses+1 {
		t.Errorf("%d causes", n)
	}
	in.tell(base, "shard 3 is restarted")
	if got := in.view(base)[0]; got.Sentence != "At 03:12:00 shard 3 is restarted." || !got.Note {
		t.Errorf("%+v", got)
	}
	if got := clock(base, base.Add(48*time.Hour)); got != "Nov 28 03:12:00" {
		t.Error(got)
	}
	for text, want := range map[string]string{"closed by the gateway with 4000 unknown error": "", "sequences 12 to 34": "sequences # to #", "a:1234->b:5": "a:#->b:#", "with 9 x": "with # x"} {
		if got := withoutNumbers(text); got != want && (want != "" || got != text) {
			t.Errorf("%q: %q", text, got)
		}
	}
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1234: "-1,234", -123: "-123"} {
		if got := count(n); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
