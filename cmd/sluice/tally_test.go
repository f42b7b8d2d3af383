package main

import (
	"fmt"
	"testing"

	"github.com/sluice-go/sluice/gatewaytest"
)

// play gives a shard's tally READY of a session and then sequences.
func (s *shardTally) play(session string, seqs ...int64) {
	s.sessions = append(s.sessions, sessionTally{id: session})
	for _, seq := range seqs {
		s.count(seq)
	}
}

func TestTallyCountsWhatIsLostAndWhatCameTwice(t *testing.T) {
	type sessions map[string][]int64
	report := func(last map[string]int64) *gatewaytest.Report {
		r := &gatewaytest.Report{}
		for id, seq := range last {
			r.Sessions = append(r.Sessions, gatewaytest.SessionReport{ID: id, LastSeq: seq})
		}
		return r
	}
	tests := []struct {
		name             string
		came             sessions
		written          map[string]int64
		lost, duplicates int64
	}{
		{"all", sessions{"a": {1, 2, 3}}, map[string]int64{"a": 3}, 0, 0},
		{"the last two", sessions{"a": {1}}, map[string]int64{"a": 3}, 2, 0},
		{"one between", sessions{"a": {1, 3}}, map[string]int64{"a": 3}, 1, 0},
		{"between and at the end", sessions{"a": {1, 4, 5}}, map[string]int64{"a": 7}, 4, 0},
		{"twice", sessions{"a": {1, 2, 2, 3}}, map[string]int64{"a": 3}, 0, 1},
		{"back", sessions{"a": {1, 2, 3, 1, 2}}, map[string]int64{"a": 3}, 0, 2},
		{"a session that never came", sessions{"a": {1}}, map[string]int64{"a": 1, "b": 5}, 5, 0},
		{"two sessions", sessions{"a": {1, 2}, "b": {1, 2, 3}}, map[string]int64{"a": 2, "b": 3}, 0, 0},
		{"more than was reported in time", sessions{"a": {1, 2, 3}}, map[string]int64{"a": 2}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tally := newTally(1, 0)
			for id, seqs := range tt.came {
				tally.shards[0].play(id, seqs...)
			}
			lost, duplicates := tally.totals(report(tt.written))
			if lost != tt.lost || duplicates != tt.duplicates {
				t.Errorf("lost %d, duplicates %d; want %d, %d", lost, duplicates, tt.lost, tt.duplicates)
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
	} {
		if err := tt.s.verdict(); (err == nil) != tt.fine {
			t.Errorf("%s: %v", fmt.Sprintf("%+v", tt.s), err)
		}
	}
}
