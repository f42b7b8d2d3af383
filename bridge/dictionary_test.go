package bridge

import (
	"fmt"
	"sync"
	"testing"

	"github.com/sluice-go/sluice/bridge/internal/state"
	"github.com/sluice-go/sluice/gateway"
)

// snapshotOf returns the state of a shard whose guild has a key of its own, so that no other's dictionary fits.
func snapshotOf(t *testing.T, key string) []byte {
	t.Helper()
	sh := state.NewShard(state.Config{})
	for _, e := range []struct {
		t gateway.EventType
		d string
	}{
		{gateway.EventReady, `{"v":10,"user":{"id":"5"},"guilds":[{"id":"4194304","unavailable":true}]}`},
		{gateway.EventGuildCreate, fmt.Sprintf(`{"id":"4194304","name":"g","roles":[{"id":"9","name":"r","%s":1}]}`, key)},
	} {
		if err := sh.Apply(e.t, []byte(e.d)); err != nil {
			t.Fatal(err)
		}
	}
	return sh.AppendSnapshot(nil)
}

// TestForeignDictionaries: shards that come from one bridge at the same time have one dictionary, and those that no shard
// uses any more make room for others.
func TestForeignDictionaries(t *testing.T) {
	b := newReader()
	if b.dictionaryOf(snapshotOf(t, "own")) != b.dictionary {
		t.Fatal("the first is not the bridge's own")
	}
	snapshot := snapshotOf(t, "other")
	var coming sync.WaitGroup
	for range 16 {
		coming.Go(func() {
			if b.dictionaryOf(snapshot) == b.dictionary {
				t.Error("another's snapshot is to be compressed anew")
			}
		})
	}
	coming.Wait()
	if len(b.foreign) != 1 {
		t.Errorf("%d dictionaries for shards of one bridge", len(b.foreign))
	}
	for i := range 2 * maxForeign {
		if b.dictionaryOf(snapshotOf(t, fmt.Sprint("unused", i))) == b.dictionary {
			t.Fatalf("no room for dictionary %d, though none is used", i)
		}
	}
	for i := range maxForeign + 1 {
		d := b.dictionaryOf(snapshotOf(t, fmt.Sprint("used", i)))
		if (d == b.dictionary) != (i == maxForeign) {
			t.Fatalf("dictionary %d is the bridge's own: %t", i, d == b.dictionary)
		}
		sh := newShard(b, i, 100)
		sh.state = state.NewShard(state.Config{Dictionary: d})
		b.restored.Store(place{i, 100}, sh)
	}
}
