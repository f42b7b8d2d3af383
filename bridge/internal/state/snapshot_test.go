package state

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

func TestSnapshot(t *testing.T) {
	w := newWorld(t, Config{}, 3, 40, 90_000)
	run := func(n int) {
		for range n {
			name, data := w.traffic.Next()
			w.tell(t, name, data)
		}
	}
	run(3000)
	if w.shard.dict.learned.Load() == nil {
		t.Fatal("the dictionary has not learned: the test needs more guilds")
	}
	early := w.shard.AppendSnapshot([]byte("in front"))[len("in front"):]

	// A dictionary that knows nothing takes the snapshot's over; one that knows more has the same; all
	// guilds are translated for one that knows others.
	other := newWorld(t, Config{}, 4, 40, 90_000)
	for name, dict := range map[string]*Dictionary{"new": NewDictionary(), "same": w.shard.dict, "other": other.shard.dict} {
		t.Run(name, func(t *testing.T) {
			s := NewShard(Config{Dictionary: dict})
			if err := s.LoadSnapshot(early); err != nil {
				t.Fatal(err)
			}
			w.model.compareAll(t, s)
			ready := w.shard.AppendReady(nil, "a", "b", 0, 1)
			if again := s.AppendReady(nil, "a", "b", 0, 1); !bytes.Equal(ready, again) {
				t.Errorf("READY is %s\nwas %s", again, ready)
			}
			if taken := s.dict == dict && dict.learned.Load() != nil; !taken {
				t.Error("it uses another dictionary")
			}
		})
	}

	// And it goes on from there.
	w.shard = NewShard(Config{})
	if err := w.shard.LoadSnapshot(early); err != nil {
		t.Fatal(err)
	}
	run(1000)
	w.model.compareAll(t, w.shard)
	if stats := w.shard.Stats(); stats.Stale > 0 || stats.Errors > 0 {
		t.Errorf("%+v", stats)
	}
	if err := NewShard(Config{Members: true}).LoadSnapshot(early); !errors.Is(err, ErrSnapshotConfig) {
		t.Errorf("with members: %v", err)
	}
}

// TestSnapshotDamage cuts a snapshot short and changes its bytes.
func TestSnapshotDamage(t *testing.T) {
	s := NewShard(Config{})
	for event, data := range map[gateway.EventType]string{gateway.EventReady: readyData, gateway.EventGuildCreate: `{"id":"1","channels":[{"id":"5"}]}`} {
		if err := s.Apply(event, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	data := s.AppendSnapshot(nil)
	to := NewShard(Config{})
	for i := range data {
		if err := to.LoadSnapshot(data[:i]); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("the first %d bytes: %v", i, err)
		}
		bad := bytes.Clone(data)
		bad[i] ^= 4
		if err := to.LoadSnapshot(bad); !errors.Is(err, ErrSnapshot) {
			t.Fatalf("byte %d is another one: %v", i, err)
		}
	}
	if to.HasReady() || to.Stats().Guilds > 0 {
		t.Error("something of it was taken")
	}
}

// FuzzSnapshot loads snapshots that have their checksum, and no sense.
func FuzzSnapshot(f *testing.F) {
	s := NewShard(Config{})
	ids := traffic.GuildIDs(0, 1, 2)
	maker := traffic.NewMaker(1, 0, 0)
	if err := s.Apply(gateway.EventReady, traffic.Ready(nil, traffic.ReadyOptions{GuildIDs: ids})); err != nil {
		f.Fatal(err)
	}
	if err := s.Apply(gateway.EventGuildCreate, maker.GuildCreate(nil, ids[0], 1)); err != nil {
		f.Fatal(err)
	}
	add := func() {
		data := s.AppendSnapshot(nil)
		f.Add(data[len(snapshotMagic) : len(data)-4])
	}
	add()
	samples := s.dict.samples
	s.dict.learned.Store(&learned{train(samples, s.dict.shapes.all()), zstdCodec().encoder.EncodeAll(samples, nil)})
	if err := s.Apply(gateway.EventGuildCreate, maker.GuildCreate(nil, ids[1], 1)); err != nil {
		f.Fatal(err)
	}
	add()
	f.Fuzz(func(t *testing.T, data []byte) {
		data = append([]byte(snapshotMagic), data...)
		data = binary.BigEndian.AppendUint32(data, crc32.Checksum(data, castagnoli))
		s := NewShard(Config{})
		if s.LoadSnapshot(data) != nil {
			return
		}
		s.AppendReady(nil, "a", "b", 0, 1)
		for g := range s.Guilds() {
			created, err := g.AppendCreate(nil)
			if err != nil && len(created) > 0 {
				t.Fatalf("%q and %v", created, err)
			}
		}
		if err := s.Apply(gateway.EventUserUpdate, []byte(`{"id":"1"}`)); err != nil {
			t.Log(err)
		}
		if again := s.AppendSnapshot(nil); NewShard(Config{}).LoadSnapshot(again) != nil {
			t.Fatal("a snapshot of it is damaged")
		}
	})
}
