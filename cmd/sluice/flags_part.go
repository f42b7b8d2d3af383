package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/sluice-go/sluice/engine"
)

// partFlag is --part: INDEX/COUNT, which of so many parts of all shards this process runs. Where a
// process knows only its own number, as in a StatefulSet, it need not work out the range.
type partFlag struct{ index, count int } // count 0: all shards

// Set implements pflag.Value.
func (f *partFlag) Set(s string) error {
	index, count, both := strings.Cut(s, "/")
	i, errIndex := strconv.Atoi(index)
	n, errCount := strconv.Atoi(count)
	if !both || errIndex != nil || errCount != nil || i < 0 || i >= n {
		return errors.New("want INDEX/COUNT such as 0/4, the first of four parts (counted from 0)")
	}
	f.index, f.count = i, n
	return nil
}

// String implements pflag.Value.
func (f *partFlag) String() string {
	if f.count == 0 {
		return ""
	}
	return fmt.Sprintf("%d/%d", f.index, f.count)
}

// Type implements pflag.Value.
func (f *partFlag) Type() string { return "INDEX/COUNT" }

// of returns the part's shards. The parts differ by one shard at most.
func (f *partFlag) of(shards engine.Shards) (engine.Shards, error) {
	switch {
	case f.count == 0:
		return shards, nil
	case shards.Total == 0 || shards.Count != 0:
		return shards, errors.New("--part needs the number of all shards: give --shards N, the same for each part")
	case shards.Total < f.count:
		return shards, fmt.Errorf("--part cannot make %d parts of %d shards: some would be empty", f.count, shards.Total)
	}
	return engine.ShardRange(shards.Total*f.index/f.count, shards.Total*(f.index+1)/f.count-1, shards.Total), nil
}
