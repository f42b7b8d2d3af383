package eventlog

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/sluice-go/sluice/gateway"
)

// numbered returns an event whose data says which it is, of some length.
func numbered(i int64, length int) *Event {
	data := append(fmt.Appendf(nil, "%d ", i), bytes.Repeat([]byte("x"), length)...)
	return &Event{Type: gateway.EventMessageCreate, Seq: i * 10, Name: []byte("MESSAGE_CREATE"), Data: data, Owners: Owners{}.Append(uint32(i))}
}

// TestLog holds the log against a list of all events that were ever appended: what it keeps is the end of the list, a
// cursor reads on from where it stands, or is told that events are gone.
func TestLog(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 2))
	for round := range 20 {
		l := Log{Limit: 20_000 + dice.IntN(100_000)}
		var all []*Event
		now := time.Unix(1000, 0)
		cursors := make([]Cursor, 5)
		for i := range cursors {
			cursors[i] = l.End()
		}
		for step := range 2000 {
			switch dice.IntN(10) {
			case 0:
				l.Trim(now.Add(-time.Duration(dice.IntN(100)) * time.Second))
			case 1, 2, 3:
				read(t, &l, &cursors[dice.IntN(len(cursors))], all, dice)
			default:
				now = now.Add(time.Second)
				length := dice.IntN(500)
				if dice.IntN(100) == 0 {
					length = 50_000
				}
				e := numbered(int64(len(all)+1), length)
				all = append(all, e)
				if index, _ := l.Append(now, e); index != int64(len(all)) {
					t.Fatalf("index %d, want %d", index, len(all))
				}
			}
			if l.Last() != int64(len(all)) || l.First() > l.Last()+1 {
				t.Fatalf("round %d, step %d: events %d to %d of %d", round, step, l.First(), l.Last(), len(all))
			}
			if len(l.blocks) > 1 && l.Bytes() > l.Limit {
				t.Fatalf("%d bytes are kept, the limit is %d", l.Bytes(), l.Limit)
			}
		}
	}
}

// read reads some events, or finds that they are gone and goes on at the oldest.
func read(t *testing.T, l *Log, c *Cursor, all []*Event, dice *rand.Rand) {
	t.Helper()
	span, ok := l.Take(c)
	if !ok {
		if c.Next >= l.First() {
			t.Fatalf("event %d is gone, the oldest is %d", c.Next, l.First())
		}
		*c, _ = l.At(l.First())
		return
	}
	defer span.Done()
	if span.Empty() != (c.Next == l.Last()+1) {
		t.Fatalf("an empty span in front of %d, the last is %d", c.Next, l.Last())
	}
	var e Event
	for range dice.IntN(50) {
		index := c.Next
		if !span.Next(c, &e) {
			break
		}
		want := all[index-1]
		if !bytes.Equal(e.Data, want.Data) || e.Seq != want.Seq || e.Type != want.Type || !bytes.Equal(e.Owners, want.Owners) || !bytes.Equal(e.Name, want.Name) || c.Next != index+1 {
			t.Fatalf("event %d is %.20s", index, e.Data)
		}
	}
}

// TestSpanOutlivesDrop: a span that was taken is read to its end, whatever becomes of the log meanwhile.
func TestSpanOutlivesDrop(t *testing.T) {
	l := Log{Limit: 10_000}
	c := l.End()
	var first []byte
	for i := range int64(20) {
		e := numbered(i+1, 100)
		first = append(first, e.Data...)
		l.Append(time.Time{}, e)
	}
	span, ok := l.Take(&c)
	if !ok {
		t.Fatal("the events are gone")
	}
	for i := range int64(500) {
		l.Append(time.Time{}, numbered(100+i, 100))
	}
	var got []byte
	for e := (Event{}); span.Next(&c, &e); {
		got = append(got, e.Data...)
	}
	span.Done()
	if !bytes.HasPrefix(first, got) || len(got) == 0 {
		t.Error("a span changed under its reader")
	}
	if _, ok := l.Take(&c); ok {
		t.Error("events that are gone were not missed")
	}
}

// TestAllocations: an event costs no memory of its own.
func TestAllocations(t *testing.T) {
	l := Log{Limit: 1 << 20}
	e := numbered(1, 500)
	c := l.End()
	round := func() {
		l.Append(time.Time{}, e)
		span, _ := l.Take(&c)
		for e := (Event{}); span.Next(&c, &e); {
		}
		span.Done()
	}
	for range 5000 {
		round()
	}
	if n := testing.AllocsPerRun(20_000, round); n > 0 {
		t.Errorf("%v allocations for an event", n)
	}
}

// FuzzRecords: whatever bytes are read as events, they end, and are as many bytes as they were.
func FuzzRecords(f *testing.F) {
	f.Add(numbered(1, 5).append(numbered(2, 3).append(nil)))
	f.Add([]byte{255, 255, 255, 255, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		var again []byte
		err := Records(data, func(e *Event) error {
			again = e.append(again)
			return nil
		})
		if err == nil && len(again) != len(data) {
			t.Errorf("%d bytes read as %d", len(data), len(again))
		}
	})
}

// BenchmarkLog appends an event and reads it.
func BenchmarkLog(b *testing.B) {
	l := Log{Limit: 16 << 20}
	e := numbered(1, 1000)
	c := l.End()
	b.ReportAllocs()
	for b.Loop() {
		l.Append(time.Time{}, e)
		span, _ := l.Take(&c)
		for e := (Event{}); span.Next(&c, &e); {
		}
		span.Done()
	}
}
