package trace

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// begun is when the tests' events begin.
var begun = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// read returns copies of all records of a file.
func read(t *testing.T, path string) (records []Record) {
	t.Helper()
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	return collect(t, r)
}

func collect(t *testing.T, r *Reader) (records []Record) {
	t.Helper()
	for rec, err := range r.All() {
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, clone(rec))
	}
	return records
}

func clone(rec *Record) Record {
	c := *rec
	c.Payload = bytes.Clone(rec.Payload)
	return c
}

// same reports whether two records are the same.
func same(a, b *Record) bool {
	return a.At.Equal(b.At) && a.Shard == b.Shard && a.Kind == b.Kind && a.Wire == b.Wire && a.Code == b.Code && bytes.Equal(a.Payload, b.Payload)
}

// story is a record of every kind, and times that go back.
func story() []Record {
	at := func(ms int) time.Time { return begun.Add(time.Duration(ms) * time.Millisecond) }
	return []Record{
		{At: at(0), Shard: 3, Kind: Opened},
		{At: at(1), Shard: 3, Kind: Began},
		{At: at(2), Shard: 3, Kind: Received, Wire: 77, Payload: []byte(`{"t":"READY","s":1,"op":0,"d":{}}`)},
		{At: at(1), Shard: 0, Kind: Received, Payload: []byte(`{"t":null,"s":null,"op":11,"d":null}`)},
		{At: at(4), Shard: 3, Kind: Sent, Wire: 9, Payload: []byte(`{"op":1,"d":251}`)},
		{At: at(5), Shard: 3, Kind: Closed, Code: 4009},
		{At: at(6), Shard: 3, Kind: Closed},
		{At: at(900), Shard: 3, Kind: Resumed},
		{At: at(901), Shard: 100_000, Kind: Received, Payload: bytes.Repeat([]byte(" "), 3<<20)},
		{At: at(902), Shard: 2_000_000, Kind: Kind(99), Wire: 5, Payload: []byte("of a version to come")},
	}
}

func TestRoundTrip(t *testing.T) {
	dir := t.TempDir()
	want := story()
	tool, bot := filepath.Join(dir, "tool.trace"), filepath.Join(dir, "bot.trace")
	w, err := NewWriter(tool, Header{Began: begun, Shards: 16, Compression: ZlibStream})
	if err != nil {
		t.Fatal(err)
	}
	rec, err := Create(bot, Options{Unredacted: true, Shards: 16, Compression: ZlibStream})
	if err != nil {
		t.Fatal(err)
	}
	for i := range want {
		if err := w.Write(&want[i]); err != nil {
			t.Fatal(err)
		}
		rec.Add(&want[i])
	}
	if err := errors.Join(w.Close(), rec.Close(), rec.Close()); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); !errors.Is(err, ErrClosed) {
		t.Errorf("closed twice: %v", err)
	}
	for _, path := range []string{tool, bot} {
		got := read(t, path)
		if len(got) != len(want) {
			t.Fatalf("%s: %d records, want %d", path, len(got), len(want))
		}
		for i := range want {
			if !same(&got[i], &want[i]) {
				t.Errorf("%s: record %d: %v, want %v", path, i, got[i], want[i])
			}
		}
		r, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		first, latest := r.Span()
		if h := r.Header(); h.Shards != 16 || h.Compression != ZlibStream || h.Redacted() || !r.Complete() || r.Records() != int64(len(want)) ||
			!first.Equal(want[0].At) || !latest.Equal(want[len(want)-1].At) {
			t.Errorf("%s: %+v, %d records from %v to %v", path, h, r.Records(), first, latest)
		}
		n := 0
		for rec, err := range r.Shard(3) {
			if err != nil || rec.Shard != 3 {
				t.Fatalf("shard 3: %v, %v", rec, err)
			}
			n++
		}
		if n != 7 {
			t.Errorf("%s: shard 3 has %d records, want 7", path, n)
		}
		for rec, err := range r.At(begun.Add(850 * time.Millisecond)) {
			if err != nil || rec.Kind != Resumed {
				t.Errorf("%s: the first record from 850 ms on: %v, %v", path, rec, err)
			}
			break
		}
		for rec := range r.At(latest.Add(time.Microsecond)) {
			t.Errorf("%s: %v comes behind the end", path, rec)
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if s := rec.Stats(); s.Events != uint64(len(want)) || s.Dropped != 0 || s.Files != 1 || !s.Finished || s.Err != nil || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// TestManyGoroutines: every event of each is there, in order.
func TestManyGoroutines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.trace")
	rec, err := Create(path, Options{Unredacted: true})
	if err != nil {
		t.Fatal(err)
	}
	const each = 5000
	var wg sync.WaitGroup
	for shard := range 8 {
		wg.Go(func() {
			for i := range each {
				rec.Record(shard, begun.Add(time.Duration(i)*time.Millisecond), fmt.Appendf(nil, `{"op":0,"s":%d}`, i))
			}
		})
	}
	wg.Wait()
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	rec.Record(0, begun, []byte("{}")) // ignored
	var next [8]int
	for _, r := range read(t, path) {
		if want := fmt.Sprintf(`{"op":0,"s":%d}`, next[r.Shard]); string(r.Payload) != want || !r.At.Equal(begun.Add(time.Duration(next[r.Shard])*time.Millisecond)) {
			t.Fatalf("shard %d: %s at %v, want %s", r.Shard, r.Payload, r.At, want)
		}
		next[r.Shard]++
	}
	for shard, n := range next {
		if n != each {
			t.Errorf("shard %d has %d events", shard, n)
		}
	}
}

// TestTokensStayOut: an identify and a resume are recorded without the token, wherever it stands.
func TestTokensStayOut(t *testing.T) {
	const token = "MTA0NTY3ODkwMTIzNDU2Nzg5.GaBcDe.secretsecretsecretsecretsecretsecret00"
	payloads := []string{
		`{"op":2,"d":{"token":"` + token + `","intents":513,"properties":{"os":"linux"}}}`,
		`{"op":6,"d":{"token": "` + token + `","session_id":"x","seq":5}}`,
		`{"op":6,"d":{"seq":5,"TOKEN":["` + token + `"]}}`,
		`{"op":6,"d":{"to\u006ben":"` + token + `"}}`,
		`{"op":2,"d":{"token":"` + token, // cut off
		"Authorization: Bot " + token,    // no JSON
	}
	for _, redact := range []bool{false, true} {
		path := filepath.Join(t.TempDir(), "x.trace")
		rec, err := Create(path, Options{Unredacted: !redact})
		if err != nil {
			t.Fatal(err)
		}
		tool, err := NewWriter(path+".tool", Header{})
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range payloads {
			payload := []byte(p)
			if i%2 == 0 {
				rec.RecordSent(1, begun, payload)
			} else {
				rec.Add(&Record{Kind: Sent, At: begun, Shard: 1, Payload: payload})
			}
			if err := tool.Write(&Record{Kind: Sent, At: begun, Shard: 1, Payload: payload}); err != nil {
				t.Fatal(err)
			}
			if string(payload) != p {
				t.Fatal("the caller's payload was changed")
			}
		}
		if err := errors.Join(rec.Close(), tool.Close()); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{path, path + ".tool"} {
			got := read(t, file)
			if len(got) != len(payloads) {
				t.Fatalf("%d records, want %d", len(got), len(payloads))
			}
			for i, r := range got {
				if strings.Contains(string(r.Payload), "secret") || strings.Contains(string(r.Payload), "MTA0") {
					t.Errorf("the token is in %s", r.Payload)
				}
				if want := len(payloads[i]); i < 4 && len(r.Payload) != want || i >= 4 && len(r.Payload) != 0 {
					t.Errorf("%s became %s", payloads[i], r.Payload)
				}
			}
		}
	}
}

// TestLimits: a recording ends when it is told to, and goes on in another file where it may.
func TestLimits(t *testing.T) {
	payload := bytes.Repeat([]byte("0123456789abcdef"), 100)
	record := func(o Options, n int) (*Recorder, string) {
		path := filepath.Join(t.TempDir(), "bot.trace")
		rec, err := Create(path, o)
		if err != nil {
			t.Fatal(err)
		}
		for i := range n {
			rec.Record(0, begun.Add(time.Duration(i)*time.Second), payload)
		}
		return rec, path
	}
	rec, path := record(Options{Unredacted: true, MaxEvents: 10}, 25)
	<-rec.Done()
	if err := rec.Close(); err != nil || len(read(t, path)) != 10 || rec.Stats().Events != 10 || rec.Stats().Dropped != 0 {
		t.Errorf("MaxEvents: %v, %+v", err, rec.Stats())
	}
	rec, path = record(Options{Unredacted: true, MaxTime: 10 * time.Second}, 25)
	if err := rec.Close(); err != nil || len(read(t, path)) != 11 {
		t.Errorf("MaxTime: %v, %+v", err, rec.Stats())
	}
	rec, path = record(Options{Unredacted: true, MaxEvents: 10, Rotate: true, Keep: 2}, 45)
	if err := rec.Close(); err != nil || rec.Stats().Files != 5 || rec.Stats().Events != 45 {
		t.Errorf("Rotate: %v, %+v", err, rec.Stats())
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 2 || entries[0].Name() != "bot.4.trace" || entries[1].Name() != "bot.5.trace" {
		t.Errorf("kept %v, %v", entries, err)
	}
	if got := read(t, filepath.Join(filepath.Dir(path), "bot.5.trace")); len(got) != 5 || !got[0].At.Equal(begun.Add(40*time.Second)) {
		t.Errorf("the last file has %d records", len(got))
	}
	rec, err = Create(path, Options{Unredacted: true, MaxEvents: 10, Rotate: true})
	if err != nil {
		t.Fatal(err)
	}
	rec.Record(0, begun, payload)
	if err := rec.Close(); err != nil || rec.Stats().Path != path { // which was removed
		t.Errorf("a second recording: %v, %+v", err, rec.Stats())
	}
	rec, err = Create(path, Options{Unredacted: true, MaxEvents: 10, Rotate: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := rec.Close(); err != nil || rec.Stats().Path != rotated(path, 2) {
		t.Errorf("a third recording: %v, %+v", err, rec.Stats())
	}
	// By size: every file but the last is as large, to within a block.
	path = filepath.Join(t.TempDir(), "bot.trace")
	rec, err = Create(path, Options{Unredacted: true, MaxBytes: 1, Rotate: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5000 {
		rec.Record(0, begun.Add(time.Duration(i)*time.Second), payload)
		for i%1000 == 999 && rec.Stats().Waiting > 0 {
			time.Sleep(time.Millisecond) // until the size is known
		}
	}
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	total := 0
	for n := 1; n <= rec.Stats().Files; n++ {
		total += len(read(t, rotated(path, n)))
	}
	if s := rec.Stats(); total != 5000 || s.Files < 3 || s.Path != rotated(path, s.Files) {
		t.Errorf("%d events in %+v", total, s)
	}
}

// TestDropped: when the disk does not follow, events are left out, and counted in the file too.
func TestDropped(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.trace")
	rec, err := Create(path, Options{Unredacted: true, Buffer: 2 << 20, FlushEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	// The lock keeps the writer from giving blocks back, as a slow disk does.
	payload := bytes.Repeat([]byte("x"), 64<<10)
	rec.mu.Lock()
	for range 100 {
		rec.mu.Unlock()
		rec.Record(1, begun, payload)
		rec.mu.Lock()
		for len(rec.free) > 0 {
			rec.free = rec.free[:len(rec.free)-1] // whatever the writer gave back is lost
		}
	}
	rec.mu.Unlock()
	rec.Record(1, begun, make([]byte, MaxPayload+1))
	rec.Record(-1, begun, nil)
	if err := rec.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	s := rec.Stats()
	if s.Events+s.Dropped != 102 || s.Dropped < 50 || r.Dropped() != int64(s.Dropped) || r.Records() != int64(s.Events) {
		t.Errorf("%+v; the file has %d, and %d were left out", s, r.Records(), r.Dropped())
	}
}

// TestCreateRefuses: what cannot be written is said at once, and nothing is written over.
func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.trace")
	if err := os.WriteFile(path, []byte("dear"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		path string
		o    Options
		want string
	}{
		{path, Options{Unredacted: true}, "exists already: name another file"},
		{filepath.Join(dir, "no", "x.trace"), Options{Unredacted: true}, "cannot create the file"},
		{filepath.Join(dir, "y.trace"), Options{Unredacted: true, MaxBytes: -1}, "MaxBytes is -1: want 0 or more"},
		{filepath.Join(dir, "y.trace"), Options{Unredacted: true, Rotate: true}, "Rotate needs a limit"},
		{filepath.Join(dir, "y.trace"), Options{Unredacted: true, Keep: 3}, "only with Rotate"},
	} {
		if _, err := Create(test.path, test.o); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, want %q", test.path, err, test.want)
		}
	}
	if b, _ := os.ReadFile(path); string(b) != "dear" {
		t.Errorf("the file that was there holds %q", b)
	}
}

// TestWriteFails: where the disk is full the recording ends with an error, and what was written can be read.
func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.trace")
	rec, err := Create(path, Options{Unredacted: true, FlushEvery: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	rec.Record(0, begun, []byte(`{"op":11}`))
	for rec.Stats().Written <= headerSize {
		time.Sleep(time.Millisecond)
	}
	full := fullDisk(t, rec)
	rec.Record(0, begun, []byte(`{"op":1}`))
	select {
	case <-rec.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the recording goes on")
	}
	rec.Record(0, begun, []byte(`{"op":1}`))
	err = rec.Close()
	if err == nil || !errors.Is(err, full) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "offset") {
		t.Errorf("closed with %v", err)
	}
	if s := rec.Stats(); s.Events != 1 || s.Dropped != 2 || s.Err == nil {
		t.Errorf("%+v", s)
	}
	if got := read(t, path); len(got) != 1 {
		t.Errorf("%d records are left, want 1", len(got))
	}
}

// fullDisk makes further writes of the recorder fail, as those to a full disk do, and returns the error.
func fullDisk(t *testing.T, rec *Recorder) error {
	t.Helper()
	rec.mu.Lock()
	defer rec.mu.Unlock()
	f := rec.files.file
	if err := f.f.Close(); err != nil {
		t.Fatal(err)
	}
	return os.ErrClosed
}

// BenchmarkRecord is what an event costs the goroutine that records it. Whenever all blocks are full the clock
// stands still while they are emptied; nothing is compressed, which another goroutine does in life.
func BenchmarkRecord(b *testing.B) {
	payloads := steady(2000)[5:]
	rec, err := newRecorder(filepath.Join(b.TempDir(), "x.trace"), Options{Unredacted: true})
	if err != nil {
		b.Fatal(err)
	}
	empty := func() {
		for len(rec.full) > 0 {
			block := <-rec.full
			block.raw, block.records = block.raw[:0], 0
			rec.free = append(rec.free, block)
		}
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if len(rec.free) == 0 {
			b.StopTimer()
			empty()
			b.StartTimer()
		}
		rec.Record(i%16, begun, payloads[i%len(payloads)])
	}
	b.StopTimer()
	if s := rec.Stats(); s.Dropped > 0 {
		b.Fatalf("%+v", s)
	}
	if err := rec.files.file.close(); err != nil {
		b.Fatal(err)
	}
}

// TestRecordAllocates: nothing, for an event.
func TestRecordAllocates(t *testing.T) {
	rec, err := Create(filepath.Join(t.TempDir(), "x.trace"), Options{Unredacted: true, FlushEvery: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	defer rec.Close()
	payload := bytes.Repeat([]byte("x"), 800)
	rec.Record(1, begun, payload)
	if n := testing.AllocsPerRun(500, func() { rec.Record(1, begun, payload) }); n != 0 {
		t.Errorf("%v allocations for an event", n)
	}
}
