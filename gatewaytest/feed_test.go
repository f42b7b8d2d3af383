package gatewaytest

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"github.com/sluice-go/sluice/internal/traffic"
)

// TestOwnCorpus reads the events of a shard's own traffic forwards, backwards and at random, over
// chunks that are unpacked and forgotten again.
func TestOwnCorpus(t *testing.T) {
	begin := func() *traffic.Generator {
		return traffic.NewShard(traffic.Options{Seed: 1, Guilds: traffic.GuildIDs(0, 1, 2)})
	}
	c, g := newOwnCorpus(begin), begin()
	const n = (openChunks+4)*chunkEvents + 10
	var want []event
	for range n {
		name, data := g.Next()
		want = append(want, event{name, bytes.Clone(data)})
	}
	check := func(i int64) {
		t.Helper()
		if got := c.at(i); got.name != want[i].name || !bytes.Equal(got.data, want[i].data) {
			t.Fatalf("event %d is %s, want %s", i, got.name, want[i].name)
		}
	}
	check(700)
	for i := range int64(n) {
		check(i)
		check(i * 7919 % n)
	}
	for i := int64(n - 1); i >= 0; i-- {
		check(i)
	}
}

// TestTrafficIsOfAnnouncedGuilds: a shard's traffic is about its own guilds, in the same bytes for each of
// its sessions; the traffic of a bot with many shards is shared.
func TestTrafficIsOfAnnouncedGuilds(t *testing.T) {
	srv, err := Start(WithTLS(false), WithGuilds(3, 3000), WithTraffic(Saturated), WithWorlds(2))
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	for shard := range 2 {
		ids := traffic.GuildIDs(shard, 2, 3)
		f := srv.feed(shard, 2)
		if f != srv.feed(shard, 2) || f == srv.feed(1-shard, 2) {
			t.Fatal("a shard has two feeds, or two shards one")
		}
		joined := []uint64{}
		for i := range int64(20_100) {
			ev := f.corpus.at(i)
			var d struct {
				ID      string
				GuildID string `json:"guild_id"`
			}
			if err := json.Unmarshal(ev.data, &d); err != nil {
				t.Fatal(err)
			}
			if ev.name == "GUILD_CREATE" {
				d.GuildID = d.ID
			}
			if d.GuildID == "" {
				continue
			}
			id, err := strconv.ParseUint(d.GuildID, 10, 64)
			if err != nil || id>>22%2 != uint64(shard) {
				t.Fatalf("shard %d: %s is of guild %s", shard, ev.name, d.GuildID)
			}
			if ev.name == "GUILD_CREATE" {
				joined = append(joined, id)
			}
			if !slices.Contains(ids, id) && !slices.Contains(joined, id) {
				t.Fatalf("shard %d: %s is of guild %s, which was not announced", shard, ev.name, d.GuildID)
			}
		}
	}
	shared := srv.feed(0, 3)
	if shared != srv.feed(2, 3) || shared == srv.feed(0, 2) {
		t.Error("three shards do not share a feed")
	}
	if a, b := shared.corpus.at(5), shared.corpus.at(5+corpusEvents); &a.data[0] != &b.data[0] {
		t.Error("shared traffic does not repeat itself")
	}
	if _, err := Start(WithWorlds(-1)); err == nil {
		t.Error("WithWorlds(-1) is accepted")
	}
}

// TestForgottenSegments: a stream that keeps only its last segments makes others again, byte for byte.
func TestForgottenSegments(t *testing.T) {
	corpus := newSharedCorpus(func() *traffic.Generator { return traffic.New(1) })
	const events = (keptSegments + 4) * 2
	s := newStream(CompressionZlib, corpus, 1, events, 2)
	s.forgets = true
	first := bytes.Clone(s.frames(0, 2))
	for i := int64(0); i < events; i += 2 {
		s.frames(i, i+2)
	}
	if s.segments[0].Load() != nil || s.segments[events/2-1].Load() == nil {
		t.Error("the first segment is kept, or the last is not")
	}
	if !bytes.Equal(s.frames(0, 2), first) {
		t.Error("a segment that was made again differs")
	}
}
