package top

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Order is what the list is sorted by.
type Order int

// The orders: the key that chooses each is its column's first letter.
const (
	ByShard Order = iota
	ByRate
	ByLatency
	ByCallbacks
	ByReconnects
	orders
)

var orderNames = [orders]string{"shard", "rate", "latency", "callbacks", "reconnects"}

// String returns the name of the flag's value and of the column.
func (o Order) String() string { return orderNames[o] }

// ParseOrder returns the order of a name.
func ParseOrder(name string) (Order, error) {
	if i := slices.Index(orderNames[:], name); i >= 0 {
		return Order(i), nil
	}
	return 0, fmt.Errorf("want one of %s", strings.Join(orderNames[:], ", "))
}

// Options say how top shows.
type Options struct {
	Order    Order
	Interval time.Duration // between two looks
}

// row is a shard with what it did since the snapshot before.
type row struct {
	Shard
	rate float64 // events a second
	busy float64 // share of the time in callbacks
}

// rows returns the shards of a snapshot, sorted. before may be nil.
func rows(before, now *Snapshot, order Order) []row {
	type key struct{ id, total int }
	old := make(map[key]*Shard)
	seconds := 0.0
	if before != nil {
		seconds = now.At.Sub(before.At).Seconds()
		for i := range before.Shards {
			s := &before.Shards[i]
			old[key{s.ID, s.Total}] = s
		}
	}
	list := make([]row, len(now.Shards))
	for i, s := range now.Shards {
		r := row{Shard: s}
		if was := old[key{s.ID, s.Total}]; was != nil && seconds > 0 && s.Events >= was.Events {
			r.rate = float64(s.Events-was.Events) / seconds
			r.busy = max(0, (s.InCallbacks-was.InCallbacks).Seconds()/seconds)
		}
		list[i] = r
	}
	slices.SortStableFunc(list, func(a, b row) int {
		first := 0
		switch order {
		case ByRate:
			first = cmp.Compare(b.rate, a.rate)
		case ByLatency:
			first = cmp.Compare(b.Latency, a.Latency)
		case ByCallbacks:
			first = cmp.Compare(b.busy, a.busy)
		case ByReconnects:
			first = cmp.Compare(b.Reconnects, a.Reconnects)
		}
		return cmp.Or(first, cmp.Compare(a.Total, b.Total), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// short returns a number in few letters.
func short(n float64) string {
	switch {
	case n >= 1e9:
		return fmt.Sprintf("%.1fG", n/1e9)
	case n >= 1e6:
		return fmt.Sprintf("%.1fM", n/1e6)
	case n >= 1e4:
		return fmt.Sprintf("%.1fk", n/1e3)
	case n >= 10 || n == 0:
		return strconv.Itoa(int(n + 0.5))
	}
	return fmt.Sprintf("%.1f", n)
}

// period returns a duration in few letters.
func period(d time.Duration) string {
	switch {
	case d == 0:
		return "–"
	case d < time.Millisecond:
		return fmt.Sprintf("%dµs", d.Microseconds())
	case d < time.Second:
		return fmt.Sprintf("%.1fms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.1fs", d.Seconds())
}
