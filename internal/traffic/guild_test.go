package traffic

import (
	"bytes"
	"encoding/json"
	"math"
	"strconv"
	"sync"
	"testing"
)

func TestGuildIDsBelongToTheirShard(t *testing.T) {
	for _, c := range []struct{ shard, total, n int }{
		{0, 1, 1}, {0, 1, 2500}, {3, 16, 200}, {15, 16, 200}, {4095, 4096, 50}, {0, 4096, 50}, {7, 19_000, 10},
	} {
		ids := GuildIDs(c.shard, c.total, c.n)
		if len(ids) != c.n {
			t.Fatalf("%+v: %d ids", c, len(ids))
		}
		last := uint64(0)
		for _, id := range ids {
			if id>>22%uint64(c.total) != uint64(c.shard) {
				t.Errorf("%+v: %d belongs to shard %d", c, id, id>>22%uint64(c.total))
			}
			if id <= last {
				t.Errorf("%+v: %d after %d", c, id, last)
			}
			last = id
			checkSnowflake(t, "guild", strconv.FormatUint(id, 10))
		}
	}
	for _, c := range [][3]int{{0, 0, 5}, {1, 1, 5}, {-1, 4, 5}, {0, 4, 0}, {0, 4, -1}, {0, -1, 1}} {
		if ids := GuildIDs(c[0], c[1], c[2]); ids != nil {
			t.Errorf("GuildIDs(%v) = %v", c, ids)
		}
	}
}

func TestReady(t *testing.T) {
	ids := GuildIDs(2, 4, 30)
	d := Ready([]byte("before"), ReadyOptions{
		SessionID: `a "quoted" \ id`, ResumeURL: "wss://gateway.example/?a=1&b=2",
		ShardID: 2, ShardCount: 4, UserID: math.MaxUint64, GuildIDs: ids,
	})
	d, ok := bytes.CutPrefix(d, []byte("before"))
	if !ok {
		t.Fatal("dst was not kept")
	}
	checkJSON(t, d)
	var got struct {
		V         int
		User      struct{ ID string }
		Shard     [2]int
		SessionID string `json:"session_id"`
		ResumeURL string `json:"resume_gateway_url"`
		Guilds    []struct {
			ID          uint64 `json:",string"`
			Unavailable bool
		}
	}
	if err := json.Unmarshal(d, &got); err != nil {
		t.Fatal(err)
	}
	if got.V != 10 || got.User.ID != "18446744073709551615" || got.Shard != [2]int{2, 4} ||
		got.SessionID != `a "quoted" \ id` || got.ResumeURL != "wss://gateway.example/?a=1&b=2" {
		t.Errorf("got %+v", got)
	}
	if len(got.Guilds) != len(ids) {
		t.Fatalf("%d guilds, want %d", len(got.Guilds), len(ids))
	}
	for i, guild := range got.Guilds {
		if guild.ID != ids[i] || !guild.Unavailable {
			t.Errorf("guild %d: %+v, want %d, unavailable", i, guild, ids[i])
		}
	}
	checkJSON(t, Ready(nil, ReadyOptions{SessionID: "\xff\x00"}))
}

func TestGuildCreate(t *testing.T) {
	g := New(1)
	for _, size := range []int{-1, 0, 1, 5000, 20_000, 134_000, 250_000} {
		id := GuildIDs(0, 1, 1)[0]
		d := g.GuildCreate(nil, id, size)
		checkJSON(t, d)
		if size >= 20_000 && (len(d) < size*85/100 || len(d) > size*115/100) {
			t.Errorf("asked for %d bytes, got %d", size, len(d))
		}
		var got struct {
			ID       uint64 `json:",string"`
			Channels []struct {
				ID         string
				Overwrites []struct{ ID string } `json:"permission_overwrites"`
			}
			Roles   []struct{ ID string }
			Members []struct {
				User  struct{ ID string }
				Roles []string
			}
			Presences   []struct{ User struct{ ID string } }
			MemberCount int `json:"member_count"`
		}
		if err := json.Unmarshal(d, &got); err != nil {
			t.Fatal(err)
		}
		if got.ID != id || len(got.Channels) == 0 || len(got.Members) == 0 || got.MemberCount < len(got.Members) {
			t.Fatalf("size %d: guild %d with %d channels, %d of %d members", size, got.ID, len(got.Channels), len(got.Members), got.MemberCount)
		}
		known := map[string]bool{}
		for _, role := range got.Roles {
			known[role.ID] = true
		}
		for _, member := range got.Members {
			known[member.User.ID] = true
		}
		for _, member := range got.Members {
			for _, role := range member.Roles {
				if !known[role] {
					t.Errorf("a member has the role %s, which the guild has not", role)
				}
			}
		}
		for _, presence := range got.Presences {
			if !known[presence.User.ID] {
				t.Errorf("a presence of %s, who is no member", presence.User.ID)
			}
		}
		for _, channel := range got.Channels {
			for _, overwrite := range channel.Overwrites {
				if !known[overwrite.ID] {
					t.Errorf("channel %s names the role %s, which the guild has not", channel.ID, overwrite.ID)
				}
			}
		}
	}
}

// TestGuildCreateStandsAlone: neither other calls nor other goroutines change
// what a guild is.
func TestGuildCreateStandsAlone(t *testing.T) {
	ids := GuildIDs(0, 1, 8)
	g := New(9)
	var wg sync.WaitGroup
	guilds := make([][]byte, len(ids))
	for i, id := range ids {
		wg.Go(func() { guilds[i] = g.GuildCreate(nil, id, 30_000) })
	}
	for range 1000 {
		g.Next()
	}
	wg.Wait()
	fresh := New(9)
	for i, id := range ids {
		if !bytes.Equal(guilds[i], fresh.GuildCreate(nil, id, 30_000)) {
			t.Errorf("guild %d differs in another generator of the same seed", id)
		}
		if i > 0 && bytes.Equal(guilds[i], guilds[i-1]) {
			t.Error("two guilds are the same")
		}
	}
}

// TestGuildCreateBeyondTime: ids that no guild has yet are nothing special.
func TestGuildCreateBeyondTime(t *testing.T) {
	g := New(1)
	for _, id := range []uint64{0, 1, 1 << 22, math.MaxUint64} {
		checkJSON(t, g.GuildCreate(nil, id, 3000))
	}
}

func TestDefaultGuildSize(t *testing.T) {
	total := 0
	for _, size := range guildSizes {
		total += size
	}
	if mean := total / len(guildSizes); mean != DefaultGuildSize {
		t.Errorf("the sizes have the mean %d, want %d", mean, DefaultGuildSize)
	}
}

func BenchmarkGuildCreate(b *testing.B) {
	g := New(1)
	var dst []byte
	for b.Loop() {
		dst = g.GuildCreate(dst[:0], 80351110224678912, DefaultGuildSize)
	}
	b.SetBytes(int64(len(dst)))
}

// TestHugeGuild: the largest guild that can be asked for is members for the most part, and no list
// is longer than Discord lets it be.
func TestHugeGuild(t *testing.T) {
	if testing.Short() {
		t.Skip("64 MB take a second")
	}
	const size = 64 << 20
	d := NewMaker(1, 0, 0).GuildCreate(nil, GuildIDs(0, 1, 1)[0], size)
	var got struct {
		Channels, Roles, Emojis, Stickers, Threads, Members, Presences []struct{}
		VoiceStates                                                    []struct{} `json:"voice_states"`
	}
	if err := json.Unmarshal(d, &got); err != nil {
		t.Fatal(err)
	}
	if len(d) < size*85/100 || len(d) > size*115/100 {
		t.Errorf("asked for %d bytes, got %d", size, len(d))
	}
	if len(got.Channels) > 500 || len(got.Roles) > 251 || len(got.Emojis) > 500 || len(got.Stickers) > 60 || len(got.Threads) > 1000 {
		t.Errorf("%d channels, %d roles, %d emojis, %d stickers, %d threads", len(got.Channels), len(got.Roles), len(got.Emojis), len(got.Stickers), len(got.Threads))
	}
	if n := len(got.Members); n < 40_000 || len(got.Presences) < n/2 || len(got.VoiceStates) < n/20 {
		t.Errorf("%d members, %d presences, %d voice states", n, len(got.Presences), len(got.VoiceStates))
	}
}
