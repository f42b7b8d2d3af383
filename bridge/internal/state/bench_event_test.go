package state

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

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
			add(gateway.EventGuildEmojisUpdate, text(object{"guild_id": g["id"], "emojis": exchange(g, i)}))
			user := with(dig(member, "user").(object), "id", strconv.FormatInt(1e18+int64(i), 10))
			add(gateway.EventGuildMemberRemove, text(object{"guild_id": g["id"], "user": user}))
			add(gateway.EventGuildMemberUpdate, text(with(with(member, "user", user), "guild_id", g["id"])))
		}
	}
	return events
}

// exchange takes one of a guild's emojis away, and uploads it again the next time. It returns all.
func exchange(g object, i int) []any {
	all := array(g["emojis"])
	if at := i / 2 * 7 % len(all); i%2 == 0 {
		all = append(slices.Delete(slices.Clone(all), at, at+1), all[at])
		g["emojis"] = all
		return all[:len(all)-1]
	}
	again := without(all[len(all)-1].(object))
	again["id"] = strconv.FormatInt(1e18+int64(i), 10)
	all[len(all)-1] = again
	return all
}
