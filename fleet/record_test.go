package fleet

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/sluice-go/sluice/engine"
	"github.com/sluice-go/sluice/engine/session"
)

// FuzzVector: whatever a vector holds, it is refused or comes back as it was.
func FuzzVector(f *testing.F) {
	f.Add(appendVector(nil, []engine.ShardSpec{{ID: 3, Total: 7, Session: session.Session{ID: "a", Seq: 9}}}))
	f.Add([]byte("short"))
	f.Add(bytes.Repeat([]byte{0xff}, vectorEntry))
	f.Fuzz(func(t *testing.T, b []byte) {
		v, err := parseVector(b)
		if err != nil {
			return
		}
		for at, s := range v {
			if at.id < 0 || at.id >= at.total || s.seq < 0 {
				t.Errorf("%v: %v", at, s)
			}
		}
		if len(v)*vectorEntry > len(b) {
			t.Errorf("%d entries of %d bytes", len(v), len(b))
		}
	})
}

// FuzzPlace: a key that is read as a shard's is that shard's.
func FuzzPlace(f *testing.F) {
	for _, key := range []string{"shard.7.3", "shard.7.7", "shard.07.3", "shard.7", "node.x", "shard.-1.-2", "shard.9999999999999999999.1"} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		if at, ok := parsePlace(key); ok && at.key() != key {
			t.Errorf("%q was read as %v", key, at)
		}
	})
}

// TestNewer: only a higher sequence of the same session counts.
func TestNewer(t *testing.T) {
	at := place{4, 1}
	v, err := parseVector(appendVector(nil, []engine.ShardSpec{{ID: 1, Total: 4, Session: session.Session{ID: "s", Seq: 50}}}))
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		at   place
		has  session.Session
		want int64
	}{
		{at, session.Session{ID: "s", Seq: 7}, 50},
		{at, session.Session{ID: "s", Seq: 70}, 70},
		{at, session.Session{ID: "another", Seq: 7}, 7},
		{at, session.Session{}, 0},
		{place{8, 1}, session.Session{ID: "s", Seq: 7}, 7},
	} {
		if got := v.newer(test.at, test.has); got.Seq != test.want || got.ID != test.has.ID {
			t.Errorf("%v %+v: %+v, want %d", test.at, test.has, got, test.want)
		}
	}
}

// TestQuotas: whatever the members, all shards are given out, by capacity; who drains, or
// replaces another that does not drain, gets none; and when all have their quota nothing moves.
func TestQuotas(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		shards := rng.IntN(200)
		members := map[string]member{}
		weight, takers := 0, 0
		for i := range rng.IntN(8) {
			m := member{Incarnation: fmt.Sprint(i), Name: fmt.Sprintf("n%d", i), Capacity: 1 + rng.IntN(30), Draining: rng.IntN(5) == 0}
			if rng.IntN(6) == 0 {
				m.Replaces = fmt.Sprintf("n%d", rng.IntN(10))
			}
			members[m.Incarnation] = m
		}
		excluded := func(m member) bool {
			runs := slices.ContainsFunc(slices.Collect(maps.Values(members)), func(o member) bool { return o.Name == m.Replaces && !o.Draining })
			return m.Draining || runs && m.Replaces != m.Name
		}
		for _, m := range members {
			if !excluded(m) {
				weight += m.Capacity
				takers++
			}
		}
		records := map[place]record{}
		p := plan{Total: shards}
		tally := newTally(shards, members, records, p.has)
		sum := 0
		for i, n := range tally.quota {
			m := members[i]
			if exact := shards * m.Capacity / weight; n < exact || n > exact+1 || excluded(m) {
				t.Fatalf("%+v gets %d of %d", m, n, shards)
			}
			sum += n
		}
		if takers > 0 && sum != shards || len(tally.quota) != takers {
			t.Fatalf("%d of %d shards are given out over %d", sum, shards, takers)
		}
		for _, at := range free(&p, members, records) {
			who := tally.neediest()
			if (who == "") != (takers == 0) {
				t.Fatalf("%d take shards, and %q is to", takers, who)
			}
			if who != "" {
				records[at] = record{Owner: who}
				tally.runs[who]++
			}
		}
		for i, n := range newTally(shards, members, records, p.has).quota {
			if tally.runs[i] != n {
				t.Fatalf("%s runs %d, and is to run %d", i, tally.runs[i], n)
			}
		}
	}
}

// TestReplacerKeepsItsShards: while the process before is still there, done but for its end, nobody has
// too many shards, so that none moves twice.
func TestReplacerKeepsItsShards(t *testing.T) {
	members := map[string]member{
		"1": {Incarnation: "1", Name: "a", Capacity: 10},
		"2": {Incarnation: "2", Name: "b", Capacity: 10, Draining: true},
		"3": {Incarnation: "3", Name: "c", Capacity: 10, Replaces: "b"},
	}
	const shards = 20
	p := plan{Total: shards}
	for given := range shards/2 + 1 { // from b to c
		records := map[place]record{}
		for id := range shards {
			records[place{shards, id}] = record{Owner: "1"}
			if id%2 == 1 {
				records[place{shards, id}] = record{Owner: "2"}
				if id/2 < given {
					records[place{shards, id}] = record{Owner: "3"}
				}
			}
		}
		tally := newTally(shards, members, records, p.has)
		for _, id := range []string{"1", "3"} {
			if tally.lacks(id) < 0 {
				t.Errorf("%d of %d are handed over: %s has %d too many", given, shards/2, members[id].Name, -tally.lacks(id))
			}
		}
	}
}
