package state

import (
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

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
