package gateway

import "strconv"

// MaxShards bounds the number of shards, and so what a configuration, saved
// sessions or an answer of the API can cost. Discord's own bots have some thousands.
const MaxShards = 1 << 20

// ShardID returns the id, from 0 to total-1, of the shard that receives the events of a guild
// when there are total shards. Events without a guild go to shard 0, and so does everything when
// total is less than 1.
//
// Source: Discord, "Gateway", heading "Sharding".
func ShardID(guildID uint64, total int) int {
	if total < 1 {
		return 0
	}
	return int((guildID >> 22) % uint64(total))
}

// Bucket divides total shards among n processes and returns the ids of the first and the last
// shard of process i, counted from 0. Each process gets a run of ids, one after another in the
// order of processes; no two differ by more than one shard, and the longer runs come first.
//
// The error is a [*BucketError]: unless 0 ≤ i < n ≤ total, there is no such process, or it
// would be left without a shard.
func Bucket(i, n, total int) (first, last int, err error) {
	if i < 0 || i >= n || n > total {
		return 0, 0, &BucketError{Index: i, Processes: n, Shards: total}
	}
	each, rest := total/n, total%n
	first = i*each + min(i, rest)
	last = first + each - 1
	if i < rest {
		last++
	}
	return first, last, nil
}

// A BucketError tells of a division of shards among processes that makes no sense.
type BucketError struct {
	Index     int // which process, counted from 0
	Processes int // how many processes there are
	Shards    int // how many shards there are
}

// Error returns a sentence that names the numbers and their bounds.
func (e *BucketError) Error() string {
	s := "gateway: no bucket " + strconv.Itoa(e.Index) + " of " + strconv.Itoa(e.Processes) +
		" processes for " + strconv.Itoa(e.Shards) + " shards: "
	if e.Processes < 1 || e.Processes > e.Shards {
		return s + "there must be at least one process, and a shard for each"
	}
	return s + "processes count from 0 to " + strconv.Itoa(e.Processes-1)
}
