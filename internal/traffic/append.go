package traffic

import (
	"strconv"
	"time"
)

// discordEpoch is the time that snowflakes count from, in Unix milliseconds
// (Discord: "Snowflakes").
const discordEpoch = 1_420_070_400_000

// add appends every part.
func add(dst []byte, parts ...string) []byte {
	for _, part := range parts {
		dst = append(dst, part...)
	}
	return dst
}

// snowflake makes an id of the time ms (Unix milliseconds). Of 783 ids that one client had recorded of Discord,
// all but 18 were of worker 2, evenly of processes 0 to 5, and their increments of 0 to 160; ids of other
// years are of workers 0 to 3.
func (r *source) snowflake(ms int64) uint64 {
	return uint64(ms-discordEpoch)<<22 | uint64(r.below(4))<<17 | uint64(r.below(6))<<12 | uint64(r.below(160))
}

// made draws the id of something made now. No two are the same.
func (g *Generator) made() uint64 {
	g.latest = max(g.r.snowflake(g.now), g.latest+1)
	return g.latest
}

// id makes an id of something made now.
func (g *Generator) id() string { return strconv.FormatUint(g.made(), 10) }

// newID appends an id made now, without quotes.
func (g *Generator) newID(dst []byte) []byte { return strconv.AppendUint(dst, g.made(), 10) }

// appendTime appends ms (Unix milliseconds) as an ISO 8601 timestamp in quotes.
// The gateway writes microseconds, but no digits for a fraction of none.
func appendTime(dst []byte, ms int64) []byte {
	dst = time.UnixMilli(ms).UTC().AppendFormat(append(dst, '"'), time.RFC3339) // the layout that is fast
	dst = dst[:len(dst)-1]                                                      // the Z
	if f := ms % 1000; f != 0 {
		dst = append(dst, '.', byte('0'+f/100), byte('0'+f/10%10), byte('0'+f%10), '0', '0', '0')
	}
	return append(dst, `+00:00"`...)
}

// separate appends the comma in front of every element but the first.
func separate(dst []byte, i int) []byte {
	if i > 0 {
		dst = append(dst, ',')
	}
	return dst
}

// appendUpper appends s, of the letters a to z, in capitals.
func appendUpper(dst []byte, s string) []byte {
	for i := range len(s) {
		dst = append(dst, s[i]-'a'+'A')
	}
	return dst
}
