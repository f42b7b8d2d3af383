package state

import (
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

// BenchmarkParts tells what guilds of 100 channels are made of: how many bytes fewer one has at rest if all guilds say
// the same in some of their fields.
func BenchmarkParts(b *testing.B) {
	whole := packedWithout(b, nil)
	for _, part := range []struct {
		name   string
		fields []string // by their names, of any object; none: the ids of what the guild has
	}{
		{"ids", nil},
		{"versions", []string{"version"}},
		{"last-messages", []string{"last_message_id"}},
		{"texts", []string{"topic", "description"}},
		{"names", []string{"name", "username", "global_name", "nick", "tags", "discriminator"}},
		{"permissions", []string{"permission_overwrites", "permissions"}},
		{"hashes", []string{"session_id", "avatar", "icon", "asset", "badge"}},
	} {
		b.Run(part.name, func(b *testing.B) {
			var left float64
			for b.Loop() {
				left = packedWithout(b, func(o object) object {
					if part.fields == nil {
						return withoutIDs(o)
					}
					return leveled(o, part.fields).(object)
				})
			}
			b.ReportMetric(whole-left, "B/guild")
			b.ReportMetric(whole, "of-B/guild")
		})
	}
}

// packedWithout returns what guilds take, compressed, when they are changed.
func packedWithout(b *testing.B, change func(o object) object) float64 {
	maker := traffic.NewMaker(1, 0, 0)
	s := NewShard(Config{})
	const taught, measured = 60, 100
	for i, id := range traffic.GuildIDs(0, 2, taught+measured) {
		if i == taught { // the others are what the dictionary has learned
			s.Reset()
		}
		data := guildKinds[1].make(maker, id)
		if change != nil {
			data, _ = json.Marshal(change(parse(data)))
		}
		if err := s.Apply(gateway.EventGuildCreate, data); err != nil {
			b.Fatal(err)
		}
	}
	return float64(s.Stats().Bytes) / measured
}

// leveled returns a value in which those fields are null, wherever they are in it.
func leveled(v any, fields []string) any {
	switch v := v.(type) {
	case object:
		for key := range v {
			v[key] = leveled(v[key], fields)
		}
		for _, field := range fields {
			if _, has := v[field]; has {
				v[field] = nil
			}
		}
	case []any:
		for i := range v {
			v[i] = leveled(v[i], fields)
		}
	}
	return v
}

// withoutIDs returns a guild whose ids, and those of what is in its lists, go on from the guild's one by one.
func withoutIDs(g object) object {
	next, _ := strconv.ParseUint(id(g["id"]), 10, 64)
	var pairs []string
	for l := roles; l < numLists; l++ {
		for _, e := range array(g[lists[l].name]) {
			if key := idOf(l, e); key != id(g["id"]) {
				next++
				pairs = append(pairs, `"`+key+`"`, `"`+strconv.FormatUint(next, 10)+`"`)
			}
		}
	}
	data, _ := json.Marshal(g)
	return parse([]byte(strings.NewReplacer(pairs...).Replace(string(data))))
}
