package state

import (
	"bytes"
	"encoding/json"
	"runtime"
	"strconv"
	"testing"
	"time"

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

// BenchmarkApply is an event that changes one of 200 guilds, drawn in turn.
func BenchmarkApply(b *testing.B) {
	for _, kind := range guildKinds {
		maker := traffic.NewMaker(1, 0, 0)
		ids := traffic.GuildIDs(0, 1, 200)
		s := fill(b, Config{}, ids, func(id uint64) []byte { return kind.make(maker, id) })
		events := eventsAbout(b, s)
		for _, name := range []gateway.EventType{
			gateway.EventVoiceStateUpdate, gateway.EventChannelUpdate, gateway.EventGuildRoleUpdate, gateway.EventThreadUpdate,
			gateway.EventChannelPinsUpdate, gateway.EventGuildEmojisUpdate, gateway.EventGuildMemberRemove, gateway.EventGuildMemberUpdate,
		} {
			b.Run(kind.name+"/"+name.String(), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				list := events[name]
				defer cpuTime(b)()
				for b.Loop() {
					if err := s.Apply(name, list[i%len(list)]); err != nil {
						b.Fatal(err)
					}
					i++
				}
				if stats := s.Stats(); stats.Stale > 0 {
					b.Fatalf("%+v", stats)
				}
			})
		}
	}
}

// BenchmarkBusiest is an event that changes one guild again and again: people who come and go, emojis that
// are uploaded one by one.
func BenchmarkBusiest(b *testing.B) {
	for _, kind := range guildKinds {
		maker := traffic.NewMaker(1, 0, 0)
		s := fill(b, Config{}, traffic.GuildIDs(0, 1, 20), func(id uint64) []byte { return kind.make(maker, id) })
		events := eventsAbout(b, s)
		for _, name := range []gateway.EventType{gateway.EventVoiceStateUpdate, gateway.EventChannelUpdate, gateway.EventGuildEmojisUpdate} {
			b.Run(kind.name+"/"+name.String(), func(b *testing.B) {
				b.ReportAllocs()
				i := 0
				list := events[name]
				defer cpuTime(b)()
				for b.Loop() {
					if err := s.Apply(name, list[i*20%len(list)]); err != nil { // of 20 guilds in turn, the first
						b.Fatal(err)
					}
					i++
				}
				b.ReportMetric(float64(len(list[0])), "event-B")
			})
		}
	}
}

// BenchmarkTraffic is the events of a bot's traffic that change state, about 200 guilds.
func BenchmarkTraffic(b *testing.B) {
	ids := traffic.GuildIDs(0, 1, 200)
	generator := traffic.NewShard(traffic.Options{Seed: 1, Guilds: ids})
	s := fill(b, Config{}, ids, func(id uint64) []byte { return generator.GuildCreate(nil, id, 0) })
	type event struct {
		t    gateway.EventType
		data []byte
	}
	types := map[string]gateway.EventType{}
	for t := range Events().All() {
		types[t.String()] = t
	}
	var events []event
	for len(events) < 50_000 {
		if name, data := generator.Next(); types[name] != 0 {
			events = append(events, event{types[name], bytes.Clone(data)})
		}
	}
	i := 0
	var took [256]struct{ n, ns int64 }
	defer cpuTime(b)()
	for b.Loop() {
		e := events[i%len(events)]
		start := time.Now()
		if err := s.Apply(e.t, e.data); err != nil {
			b.Fatal(err)
		}
		took[e.t].n++
		took[e.t].ns += int64(time.Since(start))
		i++
	}
	if testing.Verbose() {
		for t, of := range took {
			if of.n > 0 {
				b.Logf("%-34v %6d events, %7d ns each", gateway.EventType(t), of.n, of.ns/of.n)
			}
		}
	}
	stats := s.Stats()
	b.ReportMetric(float64(stats.Bytes)/float64(stats.Guilds), "packed-B/guild")
	b.ReportMetric(float64(stats.LogBytes)/float64(stats.Guilds), "log-B/guild")
}

// eventsAbout makes events about each of the guilds' things, in the order in which none is
// about the same guild as the one before.
func eventsAbout(b *testing.B, s *Shard) map[gateway.EventType][][]byte {
	events := map[gateway.EventType][][]byte{}
	add := func(t gateway.EventType, data []byte) { events[t] = append(events[t], data) }
	var guilds []object
	for g := range s.Guilds() {
		data, err := g.AppendCreate(nil)
		if err != nil {
			b.Fatal(err)
		}
		guilds = append(guilds, parse(data))
	}
	text := func(o object) []byte {
		data, _ := json.Marshal(o)
		return data
	}
	for i := range 40 {
		for _, g := range guilds {
			nth := func(l list) object {
				all := array(g[lists[l].name])
				return without(all[i*7%len(all)].(object))
			}
			with := func(o object, key string, value any) object {
				o = without(o)
				o[key] = value
				return o
			}
			member := nth(people)
			state := object{"guild_id": g["id"], "member": member, "user_id": dig(member, "user", "id"), "channel_id": nth(channels)["id"],
				"session_id": "0123456789abcdef0123456789abcdef", "self_mute": i%3 == 0, "self_deaf": i%5 == 0, "suppress": false, "self_video": false,
				"mute": false, "deaf": false, "request_to_speak_timestamp": nil}
			add(gateway.EventVoiceStateUpdate, text(state))
			add(gateway.EventChannelUpdate, text(with(with(nth(channels), "guild_id", g["id"]), "position", i)))
			add(gateway.EventGuildRoleUpdate, text(object{"guild_id": g["id"], "role": with(nth(roles), "position", i)}))
			add(gateway.EventThreadUpdate, text(with(nth(threads), "message_count", i)))
			add(gateway.EventChannelPinsUpdate, text(object{"guild_id": g["id"], "channel_id": nth(channels)["id"], "last_pin_timestamp": "2026-09-01T18:00:" + strconv.Itoa(10+i) + "+00:00"}))
			add(gateway.EventGuildEmojisUpdate, text(object{"guild_id": g["id"], "emojis": g["emojis"]}))
			user := with(dig(member, "user").(object), "id", strconv.FormatInt(1e18+int64(i), 10))
			add(gateway.EventGuildMemberRemove, text(object{"guild_id": g["id"], "user": user}))
			add(gateway.EventGuildMemberUpdate, text(with(with(member, "user", user), "guild_id", g["id"])))
		}
	}
	return events
}

// BenchmarkTrain makes statistics of a bot's first guilds.
func BenchmarkTrain(b *testing.B) {
	maker := traffic.NewMaker(1, 0, 0)
	s := NewShard(Config{})
	for _, id := range traffic.GuildIDs(0, 1, 500) {
		if s.dict.learned.Load() != nil {
			break
		}
		if err := s.Apply(gateway.EventGuildCreate, maker.GuildCreate(nil, id, 0)); err != nil {
			b.Fatal(err)
		}
	}
	samples, err := zstdCodec().decoder.DecodeAll(s.dict.learned.Load().samples, nil)
	if err != nil {
		b.Fatal(err)
	}
	defer cpuTime(b)()
	for b.Loop() {
		train(samples, s.dict.shapes.all())
	}
	b.ReportMetric(float64(s.dict.bytes()), "dictionary-B")
	b.ReportMetric(float64(len(s.guilds)), "guilds")
}

func BenchmarkAppendCreate(b *testing.B) {
	for _, kind := range guildKinds {
		b.Run(kind.name, func(b *testing.B) {
			maker := traffic.NewMaker(1, 0, 0)
			s := fill(b, Config{}, traffic.GuildIDs(0, 1, 100), func(id uint64) []byte { return kind.make(maker, id) })
			guilds := s.sorted()
			var dst []byte
			b.ReportAllocs()
			i := 0
			defer cpuTime(b)()
			for b.Loop() {
				var err error
				if dst, err = guilds[i%len(guilds)].AppendCreate(dst[:0]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

func BenchmarkCreate(b *testing.B) {
	for _, kind := range guildKinds {
		b.Run(kind.name, func(b *testing.B) {
			maker := traffic.NewMaker(1, 0, 0)
			var creates [][]byte
			for _, id := range traffic.GuildIDs(0, 1, 100) {
				creates = append(creates, kind.make(maker, id))
			}
			s := NewShard(Config{})
			b.ReportAllocs()
			i := 0
			defer cpuTime(b)()
			for b.Loop() {
				if err := s.Apply(gateway.EventGuildCreate, creates[i%len(creates)]); err != nil {
					b.Fatal(err)
				}
				i++
			}
		})
	}
}

// BenchmarkSnapshot saves and loads a shard of 500 average guilds.
func BenchmarkSnapshot(b *testing.B) {
	maker := traffic.NewMaker(1, 0, 0)
	s := fill(b, Config{}, traffic.GuildIDs(0, 1, 500), func(id uint64) []byte { return maker.GuildCreate(nil, id, 0) })
	var data []byte
	b.Run("save", func(b *testing.B) {
		defer cpuTime(b)()
		for b.Loop() {
			data = s.AppendSnapshot(data[:0])
		}
		b.SetBytes(int64(len(data)))
	})
	b.Run("load", func(b *testing.B) {
		defer cpuTime(b)()
		for b.Loop() {
			if err := NewShard(Config{}).LoadSnapshot(data); err != nil {
				b.Fatal(err)
			}
		}
		b.SetBytes(int64(len(data)))
	})
}
