package demo

import (
	"fmt"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/lifecycle"
	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/gatewaytest"
)

// play gives a shard's tally what comes of a session: sequences, and losses that
// the engine announces.
func (s *shardTally) play(session string, came ...any) {
	s.begin(session)
	for _, c := range came {
		switch c := c.(type) {
		case int:
			s.count(int64(c))
		case lifecycle.SessionLost:
			if c.Session == "" {
				c.Session = session
			}
			s.lose(c)
		}
	}
}

func TestTallyCountsWhatIsLostAndWhatCameTwice(t *testing.T) {
	type came []any
	type written = gatewaytest.SessionReport
	lost := func(from, to int64) lifecycle.SessionLost { return lifecycle.SessionLost{From: from, To: to} }
	skipped := func(spans ...int64) (s []gatewaytest.Span) {
		for i := 0; i < len(spans); i += 2 {
			s = append(s, gatewaytest.Span{First: spans[i], Last: spans[i+1]})
		}
		return s
	}
	tests := []struct {
		name    string
		came    []came // to a, b and so on
		written []written
		want    account
	}{
		{"all", []came{{1, 2, 3}}, []written{{ID: "a", LastSeq: 3}}, account{}},
		{"the last two are lost", []came{{1}}, []written{{ID: "a", LastSeq: 3}}, account{lost: 2}},
		{"one between is lost", []came{{1, 3}}, []written{{ID: "a", LastSeq: 3}}, account{lost: 1}},
		{"between and at the end", []came{{1, 4, 5}}, []written{{ID: "a", LastSeq: 7}}, account{lost: 4}},
		{"twice", []came{{1, 2, 2, 3}}, []written{{ID: "a", LastSeq: 3}}, account{duplicates: 1}},
		{"back", []came{{1, 2, 3, 1, 2}}, []written{{ID: "a", LastSeq: 3}}, account{duplicates: 2}},
		{"more than was reported in time", []came{{1, 2, 3}}, []written{{ID: "a", LastSeq: 2}}, account{}},
		{"a session that is connected, but never came", []came{{1}},
			[]written{{ID: "a", LastSeq: 1}, {ID: "z", LastSeq: 5, Connected: true}}, account{lost: 5}},
		{"a session that was resumed, but never came", []came{{1}},
			[]written{{ID: "a", LastSeq: 1}, {ID: "z", LastSeq: 5, Resumes: 1}}, account{lost: 5}},
		{"a session that was cut off before it came", []came{{1}},
			[]written{{ID: "a", LastSeq: 1}, {ID: "z", LastSeq: 5}}, account{unborn: 1}},

		{"a session that ends in silence", []came{{1, 2}, {1}},
			[]written{{ID: "a", LastSeq: 2}, {ID: "b", LastSeq: 1}}, account{mistakes: 1}},
		{"the end is announced", []came{{1, 2, lost(3, 0)}, {1}},
			[]written{{ID: "a", LastSeq: 6}, {ID: "b", LastSeq: 1}}, account{announced: 4}},
		{"the end is announced, of nothing", []came{{1, 2, lost(3, 0)}, {1}},
			[]written{{ID: "a", LastSeq: 2}, {ID: "b", LastSeq: 1}}, account{}},
		{"the end is announced from too late on", []came{{1, 2, lost(4, 0)}},
			[]written{{ID: "a", LastSeq: 6}}, account{lost: 4, mistakes: 1}},
		{"the end is announced from too early on", []came{{1, 2, lost(2, 0)}},
			[]written{{ID: "a", LastSeq: 6}}, account{lost: 4, mistakes: 1}},
		{"the end of another session is announced", []came{{1, 2, lifecycle.SessionLost{Session: "z", From: 3}}},
			[]written{{ID: "a", LastSeq: 6}}, account{lost: 4, mistakes: 1}},
		{"the end is announced twice", []came{{1, 2, lost(3, 0), lost(3, 0)}},
			[]written{{ID: "a", LastSeq: 6}}, account{announced: 4, mistakes: 1}},
		{"it goes on after its end", []came{{1, 2, lost(3, 0), 3}},
			[]written{{ID: "a", LastSeq: 3}}, account{mistakes: 1}},

		{"a gap is announced", []came{{1, 2, lost(3, 5), 6}},
			[]written{{ID: "a", LastSeq: 6, Skipped: skipped(3, 5)}}, account{announced: 3}},
		{"a gap of several faults", []came{{1, 2, lost(3, 8), 9}},
			[]written{{ID: "a", LastSeq: 9, Skipped: skipped(6, 8, 3, 5)}}, account{announced: 6}},
		{"a gap that the gateway did not make", []came{{1, 2, lost(3, 5), 6}},
			[]written{{ID: "a", LastSeq: 6, Skipped: skipped(4, 5)}}, account{announced: 2, lost: 1}},
		{"a gap that is longer than was announced", []came{{1, 2, lost(3, 5), 7}},
			[]written{{ID: "a", LastSeq: 7, Skipped: skipped(3, 6)}}, account{announced: 3, lost: 1}},
		{"a gap that is shorter than was announced", []came{{1, 2, lost(3, 5), 5}},
			[]written{{ID: "a", LastSeq: 5, Skipped: skipped(3, 4)}}, account{announced: 2, lost: 1, duplicates: 1}},
		{"a gap that ends before it begins", []came{{1, 2, lost(3, 2), 3}},
			[]written{{ID: "a", LastSeq: 3}}, account{mistakes: 1}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tally := newTally(1, 0, 1)
			for i, came := range tt.came {
				tally.shards[0].play(string(rune('a'+i)), came...)
			}
			if got := tally.reckon(&gatewaytest.Report{Sessions: tt.written}); got != tt.want {
				t.Errorf("%+v, want %+v", got, tt.want)
			}
			if names := tally.losers(&gatewaytest.Report{Sessions: tt.written}); len(names) > 0 && tt.want.lost == 0 {
				t.Errorf("nothing was lost in %q", names)
			}
		})
	}
}

func TestVerdict(t *testing.T) {
	for _, tt := range []struct {
		s    summary
		fine bool
	}{
		{summary{ShardsReady: 2, shards: 2}, true},
		{summary{ShardsReady: 1, shards: 2}, false},
		{summary{ShardsReady: 1, shards: 2, interrupted: true}, true},
		{summary{ShardsReady: 2, shards: 2, Lost: 1}, false},
		{summary{ShardsReady: 2, shards: 2, Duplicates: 1}, false},
		{summary{ShardsReady: 1, shards: 2, interrupted: true, Lost: 1}, false},
		{summary{unheard: 1}, false},
		{summary{unheard: 1, chaosFigures: &chaosFigures{AnnouncedLosses: 3}}, true},
		{summary{chaosFigures: &chaosFigures{WrongAnnouncements: 1}}, false},
		{summary{chaosFigures: &chaosFigures{IdentifyViolations: 1}}, false},
		{summary{chaosFigures: &chaosFigures{Closes: map[gateway.CloseCode]int64{4000: 7, 1002: 1}}}, true},
		{summary{chaosFigures: &chaosFigures{Closes: map[gateway.CloseCode]int64{4000: 7, 1001: 1}}}, false},
		{summary{stormFigures: &stormFigures{Dropped: 3, Resumed: 3}}, true},
		{summary{stormFigures: &stormFigures{Dropped: 3, Resumed: 2}}, false},
		{summary{stormFigures: &stormFigures{Dropped: 3, Resumed: 3, Again: 1}}, false},
	} {
		if err := tt.s.verdict(); (err == nil) != tt.fine {
			t.Errorf("%s: %v", fmt.Sprintf("%+v", tt.s), err)
		}
	}
}

func TestTallyNamesWhoLost(t *testing.T) {
	tally := newTally(2, 0, 1)
	tally.shards[1].play("a", 1, 2, 5)
	report := &gatewaytest.Report{Sessions: []gatewaytest.SessionReport{{Shard: 1, ID: "a", LastSeq: 9}}}
	if names := tally.losers(report); len(names) != 1 || names[0] != "shard 1, session a: 2 missing up to 5, 4 behind it" {
		t.Errorf("%q", names)
	}
}

func TestIdentifyTally(t *testing.T) {
	tally := identifyTally{last: make([]time.Time, 2)}
	start := time.Unix(0, 0)
	for _, sent := range []struct {
		shard int
		at    time.Duration
		early int64 // until then
	}{
		{0, 0, 0}, {1, 0, 0}, {2, 5 * time.Second, 0}, {3, 4900 * time.Millisecond, 1},
		{0, 9 * time.Second, 2}, {0, 14 * time.Second, 2},
	} {
		if tally.sent(sent.shard, start.Add(sent.at)); tally.early() != sent.early {
			t.Errorf("shard %d at %v: %d too early, want %d", sent.shard, sent.at, tally.early(), sent.early)
		}
	}
}
