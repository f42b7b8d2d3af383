package fuzz

import (
	"bytes"
	"reflect"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/identify"
	"github.com/sluice-go/sluice/engine/session"
)

// FuzzSnapshot gives engine.ParseSnapshot, which reads session files, any bytes. What it reads is
// written and read again, which must give the same; what it reads has one session for a shard, each
// of which can be resumed.
func FuzzSnapshot(f *testing.F) {
	for _, s := range []*session.Snapshot{
		{Bot: "b", Shards: 1},
		{
			Bot: engine.NewToken("a.b.c").Hash(), Shards: 3, Saved: time.Unix(1785585600, 5),
			Budget: identify.Budget{Total: 1000, Remaining: 7, ResetAt: time.Unix(1785672000, 0)},
			Sessions: []session.Saved{
				{Shard: 0, Session: session.Session{ID: "abc", ResumeURL: "wss://us-east1-b.discord.gg", Seq: 1}},
				{Shard: 2, Session: session.Session{ID: "d\"\\\u2028", Seq: 1 << 53}},
			},
		},
	} {
		text, err := s.AppendText(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
		f.Add(text[:len(text)/2])
		f.Add(bytes.Replace(text, []byte(`"version":1`), []byte(`"version":2`), 1))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := session.Parse(text)
		if err != nil {
			return
		}
		last := -1
		for _, saved := range s.Sessions {
			if saved.Shard <= last || saved.Shard >= s.Shards || saved.ID == "" || saved.Seq < 1 {
				t.Fatalf("%+v behind shard %d of %d", saved, last, s.Shards)
			}
			last = saved.Shard
		}
		again, err := s.AppendText(nil)
		if err != nil {
			t.Fatalf("read, but not written: %v", err)
		}
		if got, err := session.Parse(again); err != nil || !reflect.DeepEqual(got, s) {
			t.Fatalf("%+v\nwritten and read as\n%+v, %v", s, got, err)
		}
	})
}
