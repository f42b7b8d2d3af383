package gateway

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// Discord: "Sharding Formula", (guild_id >> 22) % num_shards.
func TestShardID(t *testing.T) {
	for _, row := range []struct {
		guild       uint64
		total, want int
	}{
		{0, 1, 0},
		{81384788765712384, 1, 0},
		{81384788765712384, 16, 2},
		{197038439483310086, 10, 0},
		{1<<22 - 1, 7, 0},
		{1 << 22, 7, 1},
		{7 << 22, 7, 0},
		{math.MaxUint64, math.MaxInt32, 2047},
		{41771983444115456, 0, 0},
		{41771983444115456, -5, 0},
	} {
		if got := ShardID(row.guild, row.total); got != row.want {
			t.Errorf("ShardID(%d, %d) = %d, want %d", row.guild, row.total, got, row.want)
		}
	}
}

// The buckets of all processes, one after another, are all shards, and differ by one at most.
func TestBucket(t *testing.T) {
	for total := 1; total <= 64; total++ {
		for n := 1; n <= total; n++ {
			next, largest := 0, total
			for i := range n {
				first, last, err := Bucket(i, n, total)
				if err != nil {
					t.Fatalf("Bucket(%d, %d, %d): %v", i, n, total, err)
				}
				size := last - first + 1
				if first != next || size < total/n || size > (total+n-1)/n || size > largest {
					t.Fatalf("Bucket(%d, %d, %d) = %d, %d after %d", i, n, total, first, last, next)
				}
				next, largest = last+1, size
			}
			if next != total {
				t.Fatalf("%d processes have %d of %d shards", n, next, total)
			}
		}
	}
	if first, last, err := Bucket(1, 3, 16); first != 6 || last != 10 || err != nil {
		t.Errorf("Bucket(1, 3, 16) = %d, %d, %v, want 6, 10", first, last, err)
	}
	if first, last, err := Bucket(2, 3, math.MaxInt); last != math.MaxInt-1 || first <= math.MaxInt/3 || err != nil {
		t.Errorf("Bucket(2, 3, MaxInt) = %d, %d, %v", first, last, err)
	}
}

func TestBucketRefuses(t *testing.T) {
	for _, row := range []struct {
		i, n, total int
		text        string
	}{
		{-1, 3, 16, "from 0 to 2"},
		{3, 3, 16, "from 0 to 2"},
		{0, 0, 16, "at least one process"},
		{0, -1, 16, "at least one process"},
		{-2, -1, 16, "at least one process"},
		{0, 17, 16, "a shard for each"},
		{0, 1, 0, "a shard for each"},
		{0, 1, -1, "a shard for each"},
	} {
		first, last, err := Bucket(row.i, row.n, row.total)
		var bucket *BucketError
		if !errors.As(err, &bucket) || *bucket != (BucketError{row.i, row.n, row.total}) || first != 0 || last != 0 {
			t.Errorf("Bucket(%d, %d, %d) = %d, %d, %v", row.i, row.n, row.total, first, last, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), "gateway: ") || !strings.Contains(err.Error(), row.text) {
			t.Errorf("error %q does not say %q", err, row.text)
		}
	}
}
