package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// written writes a file of n blocks of ten events each, of shards 0 to 9, and returns its bytes and where
// its blocks begin.
func written(t testing.TB, blocks int) (data []byte, at []int64) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.trace")
	w, err := NewWriter(path, Header{Began: begun, Shards: 10})
	if err != nil {
		t.Fatal(err)
	}
	for i := range blocks * 10 {
		payload := fmt.Appendf(nil, `{"t":"TYPING_START","s":%d,"op":0,"d":{}}`, i)
		if err := w.Write(&Record{At: begun.Add(time.Duration(i) * time.Second), Shard: i % 10, Kind: Received, Payload: payload}); err != nil {
			t.Fatal(err)
		}
		if i%10 == 9 {
			if err := w.flush(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, b := range w.file.blocks {
		at = append(at, b.offset)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if data, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return data, at
}

// count returns the number of records that data has, and the error that ends them.
func count(data []byte) (n int, r *Reader, err error) {
	if r, err = NewReader(bytes.NewReader(data), int64(len(data))); err != nil {
		return 0, nil, err
	}
	for _, err := range r.All() {
		if err != nil {
			return n, r, err
		}
		n++
	}
	return n, r, nil
}

// TestCutOff: of a file that ends anywhere, every whole block is read, and repair gives it an index.
func TestCutOff(t *testing.T) {
	data, at := written(t, 3)
	index := at[2] + blockHeaderSize + int64(binary.LittleEndian.Uint32(data[at[2]+4:]))
	ends := append(at[1:len(at):len(at)], index)
	path := filepath.Join(t.TempDir(), "x.trace")
	for length := range len(data) {
		n, r, err := count(data[:length])
		if length < headerSize {
			var format *FormatError
			if !errors.As(err, &format) || format.Offset > int64(length) {
				t.Fatalf("%d bytes: %v", length, err)
			}
			continue
		}
		whole := 0
		for _, end := range ends {
			if int64(length) >= end {
				whole++
			}
		}
		if err != nil || n != 10*whole || r.Complete() {
			t.Fatalf("%d bytes: %d records of %d whole blocks, %v", length, n, whole, err)
		}
		if length%7 > 0 && length < len(data)-40 {
			continue
		}
		if err := os.WriteFile(path, data[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		done, err := Repair(path)
		if err != nil || done.Blocks != whole || done.Whole || done.Skipped > 0 || done.Records != int64(n) {
			t.Fatalf("%d bytes repaired: %+v, %v", length, done, err)
		}
		repaired, err := Open(path)
		if err != nil || !repaired.Complete() || len(collect(t, repaired)) != n {
			t.Fatalf("%d bytes repaired: %v", length, err)
		}
		if err := repaired.Close(); err != nil {
			t.Fatal(err)
		}
		if done, err := Repair(path); err != nil || !done.Whole {
			t.Fatalf("repaired again: %+v, %v", done, err)
		}
	}
}

// TestOpenBlock: what was added to a block that is not ended is read, wherever the file ends, and repair makes a
// whole block of it.
func TestOpenBlock(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "x.trace")
	f, err := createFile(path, Header{Began: begun}, newEncoder(false))
	if err != nil {
		t.Fatal(err)
	}
	var ends []int64
	for i := range 30 {
		at := begun.Add(time.Duration(i-i%2*3) * time.Second).UnixMicro()
		raw := appendRecord(nil, 0, i%3, Received, 0, fmt.Appendf(nil, `{"op":0,"s":%d}`, 2*i))
		raw = appendRecord(raw, -500, i%3, Received, 0, fmt.Appendf(nil, `{"op":0,"s":%d}`, 2*i+1))
		if err := f.add(raw, at, uint32(i%2)); err != nil {
			t.Fatal(err)
		}
		ends = append(ends, f.offset)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	check := func(name string, data []byte, least int) {
		r, err := NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		n := 0
		for rec, err := range r.All() {
			if err != nil || string(rec.Payload) != fmt.Sprintf(`{"op":0,"s":%d}`, n) || rec.Shard != n/2%3 {
				t.Fatalf("%s: record %d: %v, %v", name, n, rec, err)
			}
			i := n / 2
			if want := begun.Add(time.Duration(i-i%2*3)*time.Second - time.Duration(n%2)*500*time.Microsecond); !rec.At.Equal(want) {
				t.Fatalf("%s: record %d is of %v, want %v", name, n, rec.At, want)
			}
			n++
		}
		if n < least || int64(n) != r.Records() {
			t.Fatalf("%s: %d records of %d, want %d at least", name, n, r.Records(), least)
		}
		for shard := range 3 {
			for rec, err := range r.Shard(shard) {
				if err != nil || rec.Shard != shard {
					t.Fatalf("%s: %v, %v", name, rec, err)
				}
			}
		}
	}
	step := 1
	if testing.Short() {
		step = 11
	}
	for length := headerSize; length <= len(data); length += step {
		added := 0
		for _, end := range ends {
			if int64(length) >= end {
				added += 2
			}
		}
		check(fmt.Sprintf("%d of %d bytes", length, len(data)), data[:length], added)
		if length%17 > 0 {
			continue
		}
		file := filepath.Join(dir, "y.trace")
		if err := os.WriteFile(file, data[:length], 0o600); err != nil {
			t.Fatal(err)
		}
		if done, err := Repair(file); err != nil || done.Whole || done.Records < int64(added) {
			t.Fatalf("%d bytes repaired: %+v, %v", length, done, err)
		}
		repaired, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		check("repaired", repaired, added)
		if done, err := Repair(file); err != nil || !done.Whole {
			t.Fatalf("repaired again: %+v, %v", done, err)
		}
	}
	if err := f.close(); err != nil {
		t.Fatal(err)
	}
	if data, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	check("closed", data, 60)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil || !r.Complete() || r.Dropped() != 15 || len(r.blocks) != 1 || r.sound() != nil {
		t.Errorf("closed: %v, %d blocks, %d dropped", err, len(r.blocks), r.Dropped())
	}
}

// TestDamage: whatever byte is wrong, nothing wrong is read, the error says where, and repair keeps all blocks
// but the one with the damage.
func TestDamage(t *testing.T) {
	data, at := written(t, 3)
	path := filepath.Join(t.TempDir(), "x.trace")
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x41
		n, _, err := count(bad)
		var format *FormatError
		if err != nil && (!errors.As(err, &format) || format.Offset < 0 || format.Offset > int64(len(data)) || format.Remedy == "") {
			t.Fatalf("byte %d: %v", i, err)
		}
		// Without its last magic the file is one that was not closed.
		if err == nil && (n != 30 || i < len(data)-len(footerMagic)) {
			t.Fatalf("byte %d is wrong, and %d records are read without an error", i, n)
		}
		if i < headerSize || i%5 > 0 {
			continue
		}
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		done, err := Repair(path)
		want := 3
		if i < int(at[2])+blockHeaderSize+int(binary.LittleEndian.Uint32(data[at[2]+4:])) {
			want = 2
		}
		if err != nil || done.Blocks != want {
			t.Fatalf("byte %d repaired: %+v, %v", i, done, err)
		}
		if got := len(read(t, path)); got != 10*want {
			t.Fatalf("byte %d repaired: %d records, want %d", i, got, 10*want)
		}
	}
}

// summedAs writes the checksum of a header that was changed.
func summedAs(b []byte) []byte {
	binary.LittleEndian.PutUint32(b[len(b)-4:], crc32.Checksum(b[:len(b)-4], castagnoli))
	return b
}

// TestHostile gives files that lie with right checksums.
func TestHostile(t *testing.T) {
	head := appendHeader(nil, Header{Began: begun})
	bomb := func(claim int) []byte {
		body := newEncoder(false).EncodeAll(make([]byte, 32<<20), nil)
		b := appendBlockHeader(bytes.Clone(head), &blockHeader{body: len(body), raw: claim, records: 1, crc: crc32.Checksum(body, castagnoli), first: 1, latest: 1})
		return append(b, body...)
	}
	block := func(h blockHeader, raw []byte) []byte {
		body := newEncoder(false).EncodeAll(raw, nil)
		h.body, h.raw, h.crc = len(body), len(raw), crc32.Checksum(body, castagnoli)
		return append(appendBlockHeader(bytes.Clone(head), &h), body...)
	}
	indexed := func(data []byte, info ...blockInfo) []byte {
		return append(data, appendIndex(nil, begun.UnixMicro(), info, int64(len(data)))...)
	}
	one := appendRecord(nil, 0, 0, Received, 0, []byte("{}"))
	good := block(blockHeader{records: 1, first: 5, latest: 5}, one)
	goodInfo := blockInfo{offset: headerSize, body: len(good) - headerSize - blockHeaderSize, raw: len(one), records: 1, first: 5, latest: 5, shards: []byte{0}}
	newer := summedAs(append(binary.LittleEndian.AppendUint16([]byte(magic), 2), head[10:]...))
	other := func(change func(*blockInfo)) []byte {
		info := goodInfo
		change(&info)
		return indexed(bytes.Clone(good), info)
	}
	for _, test := range []struct {
		name string
		data []byte
		want string // "": a file that was not closed, without a record
	}{
		{"nothing", nil, "this is no trace"},
		{"another format", []byte("PK\x03\x04 and so on, for longer than the header would be"), "this is no trace"},
		{"JSON lines", []byte(`{"t":"READY"}`), "`sluice trace import`"},
		{"a newer version", newer, "version 2, and this program knows version 1; read it with a newer sluice"},
		{"a bomb", indexed(bomb(1<<20), blockInfo{offset: headerSize, body: len(bomb(1)) - 96, raw: 1 << 20, records: 1, first: 1, latest: 1, shards: []byte{0}}), "cannot be decompressed"},
		{"a bomb without an index", bomb(1 << 20), ""},
		{"a block too large", bomb(maxRaw + 1), ""},
		{"the records end early", block(blockHeader{records: 2, first: 5, latest: 5}, append(bytes.Clone(one), make([]byte, 8)...)), "begins no record"},
		{"too few records", block(blockHeader{records: 1, first: 5, latest: 5}, append(bytes.Clone(one), one...)), "begins no record"},
		{"a payload beyond the block", block(blockHeader{records: 1, first: 5, latest: 5}, []byte{0, 0, 1, 0, 200, 1, 'x', 'x'}), "begins no record"},
		{"an index of another block", other(func(b *blockInfo) { b.records, b.raw = 2, 20 }), "not what the index says"},
		{"an index with another time", other(func(b *blockInfo) { b.first = 4 }), "not what the index says"},
		{"an index that ends early", other(func(b *blockInfo) { b.body-- }), "does not end where the blocks do"},
		{"an index with a block beyond the file", other(func(b *blockInfo) { b.body = maxBody }), "longer than the file"},
		{"an index with a shard that cannot be", other(func(b *blockInfo) { b.shards = binary.AppendUvarint(nil, math.MaxUint64) }), "a shard that cannot be"},
		{"a second index entry for the same block", indexed(bytes.Clone(good), goodInfo, goodInfo), "more blocks than the file has room for"},
	} {
		n, r, err := count(test.data)
		switch {
		case test.want == "":
			if err != nil || n != 0 || r.Truncated() == 0 {
				t.Errorf("%s: %d records, %v", test.name, n, err)
			}
		case err == nil || !strings.Contains(err.Error(), test.want):
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
	if n, _, err := count(indexed(bytes.Clone(good), goodInfo)); n != 1 || err != nil {
		t.Errorf("the block that is right: %d, %v", n, err)
	}
	footer := indexed(bytes.Clone(good), goodInfo)
	binary.LittleEndian.PutUint64(footer[len(footer)-footerSize:], math.MaxUint64-5)
	if _, _, err := count(footer); err == nil || !strings.Contains(err.Error(), "the footer points beyond the file") {
		t.Errorf("a footer that points anywhere: %v", err)
	}
}

// TestAt compares with a search through everything.
func TestAt(t *testing.T) {
	data, _ := written(t, 5)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for s := -1; s <= 50; s++ {
		since := begun.Add(time.Duration(s) * time.Second)
		n := 0
		for rec, err := range r.At(since) {
			if err != nil || rec.At.Before(since) {
				t.Fatalf("%v, %v", rec, err)
			}
			n++
		}
		if want := min(50, 50-s); n != want {
			t.Errorf("%d records from %d s on, want %d", n, s, want)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "none.trace")} {
		if r, err := Open(path); err == nil {
			r.Close()
			t.Errorf("%s is opened", path)
		}
	}
	if _, err := Repair(filepath.Join(dir, "none.trace")); err == nil {
		t.Error("what is not there is repaired")
	}
	path := filepath.Join(dir, "other")
	if err := os.WriteFile(path, []byte("some other file that has nothing to do with traces"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Repair(path); err == nil || !strings.Contains(err.Error(), path+": offset 0: this is no trace") {
		t.Errorf("another file: %v", err)
	}
	if b, _ := os.ReadFile(path); !strings.HasPrefix(string(b), "some other file") {
		t.Error("another file was changed")
	}
}

// TestReadingAllocates: nothing, for an event.
func TestReadingAllocates(t *testing.T) {
	data := writtenTraffic(t, 2000)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	n := testing.AllocsPerRun(5, func() {
		for _, err := range r.All() {
			if err != nil {
				t.Fatal(err)
			}
		}
	})
	if n > 50 {
		t.Errorf("%v allocations for 2,000 events", n)
	}
}

// writtenTraffic writes a trace of a bot's generated events.
func writtenTraffic(tb testing.TB, events int) []byte {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "x.trace")
	w, err := NewWriter(path, Header{Began: begun})
	if err != nil {
		tb.Fatal(err)
	}
	for i, p := range steady(events)[5:] {
		if err := w.Write(&Record{At: begun.Add(time.Duration(i) * 20 * time.Microsecond), Shard: i % 16, Kind: Received, Payload: p}); err != nil {
			tb.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		tb.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return data
}

// BenchmarkRead reads a trace from memory on one goroutine. An operation is an event.
func BenchmarkRead(b *testing.B) {
	data := writtenTraffic(b, 50_000)
	r, err := NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(r.Raw() / r.Records())
	b.ReportAllocs()
	b.ResetTimer()
	for n := 0; n < b.N; {
		for rec, err := range r.All() {
			if err != nil || len(rec.Payload) == 0 {
				b.Fatal(rec, err)
			}
			if n++; n == b.N {
				break
			}
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds()/1e6, "Mevents/s")
}
