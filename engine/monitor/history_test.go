package monitor

import (
	"testing"
	"time"
	"unsafe"

	"github.com/sluice-go/sluice/engine"
)

// TestHistoryIsFixed: an hour of so many loops takes less than 4 MiB, however long it runs.
func TestHistoryIsFixed(t *testing.T) {
	h := newHistory()
	s := sample{overview: new(engine.Overview)}
	for i := range keptSeconds + 10 {
		s.overview.At = base.Add(time.Duration(i) * time.Second)
		s.rates = rates{Events: float64(i), Busy: make([]float64, min(i, maxLoops))}
		h.add(&s, i, i)
	}
	size := unsafe.Sizeof(*h)
	for _, c := range h.columns {
		size += unsafe.Sizeof(c) + 4*uintptr(cap(c))
	}
	t.Logf("%d bytes", size)
	if size > 4<<20 || len(h.columns) != maxColumns {
		t.Errorf("%d bytes, %d columns", size, len(h.columns))
	}
	f := h.read(s.overview.At, time.Hour, 60)
	events := f.Series["events"]
	if len(events) != 60 || events[0] == nil || *events[0] != 39.5 || *events[59] != 3579.5 || f.Step != 60 || len(f.Loops) != maxLoops {
		t.Errorf("%d points, %v", len(events), *events[0])
	}
}

// TestHistoryOfAYoungProcess has nothing where nothing was measured, and the highest latency.
func TestHistoryOfAYoungProcess(t *testing.T) {
	h := newHistory()
	s := sample{overview: new(engine.Overview)}
	for i := range 10 {
		s.overview.At = base.Add(time.Duration(i) * time.Second)
		s.rates = rates{Events: 8, Latency99: float64(i % 5)}
		if i == 3 {
			continue // it was not looked at
		}
		h.add(&s, 1, 2)
	}
	now := base.Add(9 * time.Second)
	f := h.read(now, 20*time.Second, 20)
	if e := f.Series["events"]; e[9] != nil || e[10] == nil || *e[10] != 8 || e[13] != nil || *e[19] != 8 || f.End != now.UnixMilli() {
		t.Errorf("%v", e)
	}
	f = h.read(now, 20*time.Second, 4)
	if l := f.Series["latency_p99_s"]; l[1] != nil || *l[2] != 4 || *l[3] != 4 {
		t.Errorf("%v", l)
	}
	if l := h.read(now.Add(time.Hour), time.Minute, 60).Series["ready"]; l[0] != nil || l[59] != nil {
		t.Errorf("%v", l)
	}
}

func TestRates(t *testing.T) {
	from, to := &engine.Overview{At: base}, &engine.Overview{At: base.Add(2 * time.Second)}
	from.Events, to.Events = 10, 110
	from.InCallbacks, to.InCallbacks = time.Second, 2*time.Second
	from.BytesWire = 5 // it shrank
	to.Heartbeats.Counts[100] = 3
	from.Loops = []engine.LoopStats{{Busy: time.Second}}
	to.Loops = []engine.LoopStats{{Busy: 2 * time.Second}, {Busy: time.Hour}}
	r := ratesOf(from, to)
	if r.Events != 50 || r.Callbacks != 0.5 || r.Wire != 0 || r.Latency50 != engine.HistogramBound(100).Seconds() || len(r.Busy) != 2 || r.Busy[0] != 0.5 || r.Busy[1] != 0 {
		t.Errorf("%+v", r)
	}
	if r := ratesOf(to, to); r.Events != 0 {
		t.Errorf("%+v", r)
	}
}
