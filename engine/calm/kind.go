package calm

import (
	"fmt"
	"log/slog"
	"math/bits"
	"strings"
	"time"
)

// kind is lines of one kind.
type kind struct {
	message string              // with the level
	written [maxLines]time.Time // when lines of it were last written, the newest first

	// While lines are kept back.
	held    int // not yet told of
	told    int // told of since it began; over ends it
	first   time.Time
	last    time.Time // when one last came
	summary time.Time // when they were last told of
	shards  shardSet
	next    slog.Handler // of example
	example slog.Record  // the first that was held
}

// lines returns how many lines were written within the last minute, maxLines at most.
func (k *kind) lines(now time.Time) (n int) {
	for _, at := range k.written {
		if !at.IsZero() && now.Sub(at) < time.Minute {
			n++
		}
	}
	return n
}

// wrote notes that a line is written.
func (k *kind) wrote(now time.Time) {
	copy(k.written[1:], k.written[:])
	k.written[0] = now
}

// passes reports whether a line may be written as it is.
func (k *kind) passes(now time.Time) bool {
	if k.held > 0 || k.told > 0 || now.Sub(k.written[0]) < window || k.lines(now) >= maxLines {
		return false
	}
	k.wrote(now)
	return true
}

// hold counts a line.
func (k *kind) hold(now time.Time, next slog.Handler, r slog.Record, shard int) {
	if k.held == 0 {
		k.next, k.example = next, r.Clone()
		if k.told == 0 {
			k.first = now
		}
	}
	k.held++
	k.last = now
	k.shards.add(shard)
}

// due returns the line that is due, if one is. all asks for what is left.
func (k *kind) due(now time.Time, all bool) (line, bool) {
	patience := window
	if k.lines(now) >= maxLines {
		patience = again // it comes and goes
	}
	quiet := now.Sub(k.last) >= patience
	switch {
	case k.held == 0 && k.told == 0:
		return line{}, false
	case k.held == 1 && k.told == 0 && (quiet || all):
		l := line{k.next, k.example}
		k.end(now)
		return l, true
	case k.told > 0 && (quiet || all):
		l := k.tell(k.example.Message+": over", slog.LevelInfo, now, k.told+k.held)
		l.record.AddAttrs(slog.Duration("lasted", k.last.Sub(k.first).Round(time.Millisecond)))
		k.end(now)
		return l, true
	case k.held > 1 && (all || now.Sub(k.first) >= window && now.Sub(k.summary) >= again):
		l := k.tell(k.example.Message, k.example.Level, now, k.held)
		var example []any
		k.example.Attrs(func(a slog.Attr) bool {
			example = append(example, a)
			return true
		})
		l.record.AddAttrs(slog.Group("example", example...))
		k.told, k.held, k.summary = k.told+k.held, 0, now
		k.wrote(now)
		return l, true
	}
	return line{}, false
}

// tell makes a line about many.
func (k *kind) tell(message string, level slog.Level, now time.Time, count int) line {
	r := slog.NewRecord(now, level, message, k.example.PC)
	r.AddAttrs(slog.Int("count", count))
	if text := k.shards.String(); text != "" {
		r.AddAttrs(slog.String("shards", text))
	}
	return line{k.next, r}
}

// end forgets what was counted.
func (k *kind) end(now time.Time) {
	*k = kind{message: k.message, written: k.written, summary: k.summary}
	k.wrote(now)
}

// shardSet is a set of shard ids, a bit each.
type shardSet []uint64

// maxShard bounds the set's memory; Discord knows no bot with as many.
const maxShard = 1 << 20

func (s *shardSet) add(id int) {
	if id < 0 || id >= maxShard {
		return
	}
	for len(*s) <= id/64 {
		*s = append(*s, 0)
	}
	(*s)[id/64] |= 1 << (id % 64)
}

// String returns the set in ranges, such as "0-7,9,12-31", the first eight of them.
func (s shardSet) String() string {
	const most = 8
	var b strings.Builder
	ranges, left, from := 0, 0, -1
	flush := func(to int) {
		if from < 0 {
			return
		}
		if ranges++; ranges > most {
			left += to - from + 1
		} else {
			if ranges > 1 {
				b.WriteByte(',')
			}
			fmt.Fprint(&b, from)
			if to > from {
				fmt.Fprintf(&b, "-%d", to)
			}
		}
		from = -1
	}
	last := -2
	for i, word := range s {
		for word != 0 {
			id := i*64 + bits.TrailingZeros64(word)
			word &= word - 1
			if id != last+1 {
				flush(last)
				from = id
			}
			last = id
		}
	}
	flush(last)
	if left > 0 {
		fmt.Fprintf(&b, " and %d more", left)
	}
	return b.String()
}
