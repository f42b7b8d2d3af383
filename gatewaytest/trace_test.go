package gatewaytest

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sluice-go/sluice/engine/trace"
)

// recorded writes a trace of events in which shard i%shards gets the event i after i×10 ms, and what else
// may stand in one.
func recorded(t *testing.T, shards, events int) *trace.Reader {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.trace")
	w, err := trace.NewWriter(path, trace.Header{Shards: shards})
	if err != nil {
		t.Fatal(err)
	}
	begun := time.Unix(1_800_000_000, 0)
	write := func(kind trace.Kind, shard int, at time.Time, payload string) {
		if err := w.Write(&trace.Record{At: at, Shard: shard, Kind: kind, Payload: []byte(payload)}); err != nil {
			t.Fatal(err)
		}
	}
	write(trace.Opened, 0, begun, "")
	write(trace.Received, 0, begun, `{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250}}`)
	write(trace.Received, 0, begun, `{"t":"READY","s":1,"op":0,"d":{"session_id":"x"}}`)
	write(trace.Received, 0, begun, `{"t":"RESUMED","s":1,"op":0,"d":{}}`)
	write(trace.Received, 0, begun, `no JSON`)
	for i := range events {
		write(trace.Received, i%shards, begun.Add(time.Duration(i)*10*time.Millisecond), fmt.Sprintf(`{"t":"TYPING_START","s":%d,"op":0,"d":{"i":%d}}`, 100+i, i))
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	return r
}

// TestTraceFeeds: each shard gets its events, in order, whatever number of shards the client has.
func TestTraceFeeds(t *testing.T) {
	const shards, events = 4, 5 * chunkEvents
	srv, err := Start(WithTLS(false), WithShards(4), WithTrace(recorded(t, shards, events), Saturated))
	if err != nil {
		t.Fatal(err)
	}
	defer srv.Close()
	for _, count := range []int{1, 2, 4, 9} {
		for shard := range count {
			f := srv.feed(shard, count)
			var want []string
			for i := range events {
				if i%shards%min(count, shards) == shard%min(count, shards) {
					want = append(want, fmt.Sprintf(`{"i":%d}`, i))
				}
			}
			if f.events != int64(len(want)) || f.ends {
				t.Fatalf("shard %d of %d has %d events, want %d", shard, count, f.events, len(want))
			}
			for i, data := range want {
				if ev := f.corpus.at(int64(i)); ev.name != "TYPING_START" || string(ev.data) != data {
					t.Fatalf("shard %d of %d: event %d is %s %s, want %s", shard, count, i, ev.name, ev.data, data)
				}
			}
			if ev := f.corpus.at(int64(len(want))); string(ev.data) != want[0] {
				t.Errorf("behind the last event comes %s", ev.data)
			}
		}
	}
	if srv.feed(1, 9) != srv.feed(5, 9) {
		t.Error("shards beyond the trace's do not share")
	}
}

// TestSchedule: recorded pauses are kept, shortened by the speed.
func TestSchedule(t *testing.T) {
	r := &recording{ownCorpus: newOwnCorpus(nil), count: 4, times: []int64{0, 1_000_000, 1_000_000, 4_000_000}}
	for _, test := range []struct {
		speed float64
		loop  bool
		after time.Duration
		due   int64
	}{
		{1, false, 0, 1}, {1, false, 999 * time.Millisecond, 1}, {1, false, time.Second, 3}, {1, false, time.Hour, 4},
		{10, false, 100 * time.Millisecond, 3}, {0.5, false, time.Second, 1},
		{1, true, 4 * time.Second, 4}, {1, true, 5 * time.Second, 5}, {1, true, 6 * time.Second, 7}, {10, true, 1500 * time.Millisecond, 13},
	} {
		s := newSchedule(r, test.speed, test.loop)
		if got := s.due(test.after); got != test.due {
			t.Errorf("speed %v, loop %t: %d events are due after %v, want %d", test.speed, test.loop, got, test.after, test.due)
		}
		if when, ok := s.when(test.due - 1); !ok || when > test.after {
			t.Errorf("speed %v, loop %t: the last of %d comes after %v", test.speed, test.loop, test.due, when)
		}
		if when, ok := s.when(test.due); ok && when <= test.after {
			t.Errorf("speed %v, loop %t: event %d comes after %v already", test.speed, test.loop, test.due, when)
		}
	}
}

func TestTraceOptions(t *testing.T) {
	r := recorded(t, 1, 3)
	path := filepath.Join(t.TempDir(), "empty.trace")
	w, err := trace.NewWriter(path, trace.Header{})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	empty, err := trace.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	for want, opts := range map[string][]Option{
		"want a speed such as 1":                {WithTrace(r, 0)},
		"WithTrace and WithTraffic":             {WithTrace(r, 1), WithTraffic(5)},
		"of use only with WithTrace":            {WithTraceLoop(true)},
		"the trace holds no event to play back": {WithTrace(empty, 1)},
	} {
		if srv, err := Start(opts...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
			if srv != nil {
				srv.Close()
			}
		}
	}
}
