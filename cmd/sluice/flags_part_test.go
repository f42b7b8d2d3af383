package main

import (
	"testing"

	"github.com/sluice-go/sluice/engine"
)

// TestPartFlag: the parts are all shards, each once, and none is empty.
func TestPartFlag(t *testing.T) {
	for _, bad := range []string{"", "1", "/", "1/", "/2", "2/2", "-1/2", "0/0", "0/-1", "a/b", "0/2/3", "1/2x"} {
		if err := new(partFlag).Set(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
	var all partFlag
	if got, err := all.of(engine.Shards{}); err != nil || got != (engine.Shards{}) || all.String() != "" {
		t.Errorf("no part: %v, %v", got, err)
	}
	for total := 1; total < 40; total++ {
		for count := 1; count <= total; count++ {
			next := 0
			for index := range count {
				f := partFlag{index, count}
				var again partFlag
				if err := again.Set(f.String()); err != nil || again != f {
					t.Fatalf("%v is shown as %q", f, f.String())
				}
				got, err := f.of(engine.Shards{Total: total})
				if err != nil || got.First != next || got.Count < total/count || got.Count > total/count+1 || got.Total != total {
					t.Fatalf("part %v of %d: %+v, %v", f, total, got, err)
				}
				next += got.Count
			}
			if next != total {
				t.Fatalf("%d parts of %d have %d", count, total, next)
			}
		}
	}
	for _, bad := range []engine.Shards{{}, engine.ShardRange(0, 1, 4), {Total: 2}} {
		if got, err := (&partFlag{0, 3}).of(bad); err == nil {
			t.Errorf("a part of %v: %v", bad, got)
		}
	}
}
