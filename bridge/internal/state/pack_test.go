package state

import (
	"bytes"
	"testing"

	"github.com/sluice-go/sluice/gateway"
	"github.com/sluice-go/sluice/internal/traffic"
)

// TestNewField has channels get fields that none of the first guilds had: a guild grows by a tenth at most.
func TestNewField(t *testing.T) {
	maker := traffic.NewMaker(1, 0, 0)
	dict := NewDictionary()
	size := func(create []byte) int64 {
		s := NewShard(Config{Dictionary: dict})
		if err := s.Apply(gateway.EventGuildCreate, create); err != nil {
			t.Fatal(err)
		}
		return s.Stats().Bytes
	}
	ids := traffic.GuildIDs(0, 1, 200)
	for i := 0; dict.learned.Load() == nil; i++ {
		size(maker.GuildCreate(nil, ids[i], 0))
	}
	create := maker.GuildCreate(nil, ids[199], bigSize)
	before := size(create)
	added := bytes.ReplaceAll(create, []byte(`"rate_limit_per_user":0,`), []byte(`"rate_limit_per_user":0,"brand_new":null,"newer":{"a":[],"b":false},`))
	if after := size(added); after-before > 1000 {
		t.Errorf("a guild of %d bytes has %d with new fields", before, after)
	} else {
		t.Logf("%d bytes, and %d with %d bytes of new fields", before, after, len(added)-len(create))
	}
}
