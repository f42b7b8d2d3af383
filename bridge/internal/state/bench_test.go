package state

import (
	"encoding/json"
	"runtime"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

// The guilds that are measured. Their sizes in JSON are without members, which are left out.
var guildKinds = []struct {
	name string
	make func(m *traffic.Maker, id uint64) []byte
}{
	// 33 channels, 28 roles and 70 emojis on average, 52 KB.
	{"average", func(m *traffic.Maker, id uint64) []byte { return m.GuildCreate(nil, id, 0) }},
	// 100 channels, 25 roles, 20 emojis, 5 threads, 5 people in voice channels, 73 KB.
	{"100channels", func(m *traffic.Maker, id uint64) []byte { return modest(m.GuildCreate(nil, id, bigSize)) }},
	// 100 channels, 105 roles, 236 emojis, 18 threads, 17 people in voice channels, 150 KB.
	{"big", func(m *traffic.Maker, id uint64) []byte { return m.GuildCreate(nil, id, bigSize) }},
}

const bigSize = 446_500

// modest leaves few of a guild's things but its channels. What refers to a role that goes refers to one of
// those that stay.
func modest(data []byte) []byte {
	o := parse(data)
	all := array(o["roles"])
	for l, n := range map[list]int{roles: 25, emojis: 20, stickers: 5, sounds: 5, threads: 5, happenings: 2, voices: 5} {
		a := array(o[lists[l].name])
		o[lists[l].name] = a[:min(n, len(a))]
	}
	instead := map[string]any{}
	for i, role := range all {
		instead[id(role.(object)["id"])] = all[i%25].(object)["id"]
	}
	for _, c := range array(o["channels"]) {
		for _, overwrite := range array(c.(object)["permission_overwrites"]) {
			overwrite.(object)["id"] = instead[id(overwrite.(object)["id"])]
		}
	}
	for _, member := range array(o["members"]) {
		for i, role := range array(member.(object)["roles"]) {
			array(member.(object)["roles"])[i] = instead[id(role)]
		}
	}
	out, _ := json.Marshal(o)
	return out
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fill makes a shard with guilds, and tells it their ids.
func fill(b *testing.B, config Config, ids []uint64, create func(id uint64) []byte) *Shard {
	s := NewShard(config)
	if err := s.Apply(gateway.EventReady, traffic.Ready(nil, traffic.ReadyOptions{GuildIDs: ids})); err != nil {
		b.Fatal(err)
	}
	for _, id := range ids {
		if err := s.Apply(gateway.EventGuildCreate, create(id)); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

// BenchmarkRest tells what a guild takes at rest that was just created: B/guild is the heap's
// growth, without the dictionary; packed-B/guild is what of that is compressed groups.
func BenchmarkRest(b *testing.B) {
	for _, kind := range guildKinds {
		b.Run(kind.name, func(b *testing.B) {
			maker := traffic.NewMaker(1, 0, 0)
			dict := NewDictionary()
			ids := traffic.GuildIDs(0, 2, 500)
			create := func(id uint64) []byte { return kind.make(maker, id) }
			fill(b, Config{Dictionary: dict}, ids[:100], create) // the dictionary learns
			for b.Loop() {
				before := heap()
				s := fill(b, Config{Dictionary: dict}, ids[100:], create)
				n := float64(len(ids) - 100)
				b.ReportMetric(float64(heap()-before)/n, "B/guild")
				b.ReportMetric(float64(s.Stats().Bytes)/n, "packed-B/guild")
				json := 0
				for g := range s.Guilds() {
					data, _ := g.AppendCreate(nil)
					json += len(data)
				}
				b.ReportMetric(float64(json)/n, "json-B/guild")
			}
		})
	}
}

// BenchmarkHundredThousand is 100,000 average guilds of 40 shards, which takes two minutes.
func BenchmarkHundredThousand(b *testing.B) {
	maker := traffic.NewMaker(1, 0, 0)
	for b.Loop() {
		before := heap()
		dict := NewDictionary()
		var shards []*Shard
		var stats Stats
		for i := range 40 {
			s := fill(b, Config{Dictionary: dict}, traffic.GuildIDs(i, 40, 2500), func(id uint64) []byte { return maker.GuildCreate(nil, id, 0) })
			shards = append(shards, s)
			stats.Bytes += s.Stats().Bytes
		}
		b.ReportMetric(float64(heap()-before)/1e6, "heap-MB")
		b.ReportMetric(float64(stats.Bytes)/1e6, "packed-MB")
		b.ReportMetric(float64(dict.bytes())/1e6, "dictionary-MB")
		runtime.KeepAlive(shards)
	}
}
