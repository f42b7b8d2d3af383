package session

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/gateway"
)

// testBot is the SHA-256 of a token.
const testBot = "6e5fb0f5a5a3f3d1a7a4f9f0c8b1d2e3f4a5b6c7d8e9f00112233445566778899"

// fileSecret is what no file may hold.
const fileSecret = "MTk4NjIyNDgzNDcxOTI1MjQ4.Cl2FMQ.ZnCjm1XVW7vRze4b7Cq4se7kKWs"

// testSnapshot is one of so many shards, all with sessions.
func testSnapshot(shards int) *Snapshot {
	s := &Snapshot{
		Bot: testBot, Shards: shards, Saved: time.Date(2026, 8, 1, 12, 0, 0, 123, time.UTC),
		Budget: identify.Budget{Total: 1000, Remaining: 990, ResetAt: time.Date(2026, 8, 2, 11, 0, 0, 0, time.UTC)},
	}
	for id := range shards {
		s.Sessions = append(s.Sessions, Saved{id, Session{
			ID: strings.Repeat("0123456789abcdef", 2), ResumeURL: "wss://gateway-us-east1-b.discord.gg", Seq: int64(id) + 1,
		}})
	}
	return s
}

func TestSnapshotText(t *testing.T) {
	for _, s := range []*Snapshot{
		testSnapshot(3),
		{Bot: "b", Shards: 1, Saved: time.Unix(0, 0).UTC()},
		{Bot: "b", Shards: 9, Sessions: []Saved{{8, Session{ID: "\"\\<\n\u2028", Seq: 1<<63 - 1}}}},
	} {
		text, err := s.AppendText([]byte("x"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := Parse(text[1:])
		if err != nil || !reflect.DeepEqual(got, s) {
			t.Errorf("%s\nread as %+v, %v, want %+v", text, got, err, s)
		}
	}
}

// TestSnapshotRefused: what makes no sense is neither written nor read.
func TestSnapshotRefused(t *testing.T) {
	for name, edit := range map[string]func(*Snapshot){
		"nobody's":           func(s *Snapshot) { s.Bot = "" },
		"no shards":          func(s *Snapshot) { s.Shards = 0 },
		"too many shards":    func(s *Snapshot) { s.Shards = gateway.MaxShards + 1 },
		"shard out of range": func(s *Snapshot) { s.Sessions[2].Shard = 3 },
		"shard below zero":   func(s *Snapshot) { s.Sessions[0].Shard = -1 },
		"a shard twice":      func(s *Snapshot) { s.Sessions[1].Shard = 0 },
		"no id":              func(s *Snapshot) { s.Sessions[0].ID = "" },
		"nothing delivered":  func(s *Snapshot) { s.Sessions[0].Seq = 0 },
		"more than there is": func(s *Snapshot) { s.Budget.Remaining = 1001 },
		"less than nothing":  func(s *Snapshot) { s.Budget.Remaining = -1 },
		"a far time":         func(s *Snapshot) { s.Saved = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC) },
	} {
		s := testSnapshot(3)
		edit(s)
		if _, err := s.AppendText(nil); err == nil || !strings.HasPrefix(err.Error(), "engine: bad snapshot: ") {
			t.Errorf("%s: written, %v", name, err)
		}
	}
	good, _ := testSnapshot(2).AppendText(nil)
	for _, edit := range [][2]string{
		{`"version":1`, `"version":2`},
		{`"version":1,`, ``},
		{`"shard_count":2`, `"shard_count":1`},
		{`"seq":2`, `"seq":-2`},
		{`"seq":2`, `"seq":2.5`},
		{`"total":1000`, `"total":0`},
		{`}`, ``},
		{"\n]}\n", "\n]}\n]"},
		{"\n]}\n", ""},
	} {
		text := strings.Replace(string(good), edit[0], edit[1], 1)
		if s, err := Parse([]byte(text)); err == nil {
			t.Errorf("%s for %s: read as %+v", edit[1], edit[0], s)
		}
	}
}

func TestMemorySessions(t *testing.T) {
	var m Memory
	if s, err := m.Load(t.Context()); s != nil || err != nil {
		t.Error(s, err)
	}
	s := testSnapshot(3)
	if err := m.Save(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	s.Sessions[0].Seq = 99 // was borrowed
	got, err := m.Load(t.Context())
	if err != nil || !reflect.DeepEqual(got, testSnapshot(3)) {
		t.Errorf("%+v, %v", got, err)
	}
	if err := m.Close(); err != nil {
		t.Error(err)
	}
}
