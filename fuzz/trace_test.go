package fuzz

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-go/sluice/engine/trace"
)

// FuzzTrace gives trace.NewReader any bytes, with their checksums made right or not. Reading never panics
// and is bounded; what it yields is what a simple reader that follows the format's description yields, and
// so it is after the file was repaired.
func FuzzTrace(f *testing.F) {
	path := filepath.Join(f.TempDir(), "x.trace")
	w, err := trace.NewWriter(path, trace.Header{Began: time.Unix(1_800_000_000, 0), Shards: 3, Compression: trace.ZlibStream})
	if err != nil {
		f.Fatal(err)
	}
	for i := range 40 {
		rec := &trace.Record{At: time.Unix(1_800_000_000+int64(i), 0), Shard: i % 3, Kind: trace.Kind(1 + i%7), Code: 4000 + i, Payload: fmt.Appendf(nil, `{"op":0,"s":%d}`, i)}
		if err := w.Write(rec); err != nil {
			f.Fatal(err)
		}
	}
	w.Dropped(7)
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	rec, err := trace.Create(path+".open", trace.Options{Unredacted: true, FlushEvery: time.Millisecond})
	if err != nil {
		f.Fatal(err)
	}
	defer rec.Close()
	for i := range 5 {
		written := rec.Stats().Written
		rec.Record(i%3, time.Unix(1_800_000_000+int64(i), 0), fmt.Appendf(nil, `{"op":0,"s":%d}`, i))
		for rec.Stats().Written == written {
			time.Sleep(time.Millisecond)
		}
	}
	open, err := os.ReadFile(path + ".open")
	if err != nil {
		f.Fatal(err)
	}
	for _, fix := range []bool{false, true} {
		f.Add(open, fix)
		f.Add(open[:len(open)-3], fix)
		f.Add(whole, fix)
		f.Add(whole[:len(whole)-9], fix)
		f.Add(whole[:len(whole)-90], fix)
		f.Add(bytes.Replace(whole, []byte("SLTB"), []byte("SLTX"), 1), fix)
		f.Add(whole[:48], fix)
	}
	f.Fuzz(func(t *testing.T, data []byte, fix bool) {
		if fix {
			data = mend(bytes.Clone(data))
		}
		r, err := trace.NewReader(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		got, readErr := records(r)
		simple, whole := readSimply(data)
		if readErr != nil {
			// Up to the block that is damaged both read the same.
			for i := range min(len(got), len(simple)) {
				if got[i] != simple[i] {
					t.Fatalf("record %d: %s, want %s", i, got[i], simple[i])
				}
			}
		} else if fmt.Sprint(got) != fmt.Sprint(simple) {
			t.Fatalf("%d records: %v\nwant %d: %v", len(got), got, len(simple), simple)
		}
		for shard := range 3 {
			n := 0
			for rec, err := range r.Shard(shard) {
				if err != nil || rec.Shard != shard {
					break
				}
				n++
			}
			// An index may lie about which blocks have a shard; without one, all blocks are read.
			if want := countShard(got, shard); readErr == nil && (n > want || n < want && !r.Complete()) {
				t.Fatalf("shard %d has %d records, want %d", shard, n, countShard(got, shard))
			}
		}
		file := filepath.Join(t.TempDir(), "y.trace")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := trace.Repair(file); err != nil {
			t.Fatalf("repairing what can be opened: %v", err)
		}
		again, err := trace.Open(file)
		if err != nil {
			t.Fatalf("opening what was repaired: %v", err)
		}
		defer again.Close()
		mended, err := records(again)
		if err != nil || len(mended) < whole || fmt.Sprint(mended[:whole]) != fmt.Sprint(simple[:whole]) {
			t.Fatalf("%d records are left of %d, %v", len(mended), whole, err)
		}
	})
}

func records(r *trace.Reader) (all []string, err error) {
	for rec, err := range r.All() {
		if err != nil {
			return all, err
		}
		all = append(all, fmt.Sprintf("%d %d %d %d %d %q", rec.At.UnixMicro(), rec.Shard, rec.Kind, rec.Wire, rec.Code, rec.Payload))
	}
	return all, nil
}

func countShard(records []string, shard int) (n int) {
	for _, rec := range records {
		var at int64
		var id int
		if fmt.Sscan(rec, &at, &id); id == shard {
			n++
		}
	}
	return n
}

var table = crc32.MakeTable(crc32.Castagnoli)

func sum(b []byte) uint32 { return crc32.Checksum(b, table) }

// mend makes the checksums right of the header, of the blocks in a row, and of the footer.
func mend(b []byte) []byte {
	if len(b) < 48 {
		return b
	}
	binary.LittleEndian.PutUint32(b[44:], sum(b[:44]))
	at := 48
	for at+48 <= len(b) && string(b[at:at+4]) == "SLTB" {
		body := int(binary.LittleEndian.Uint32(b[at+4:]))
		if body > len(b)-at-48 {
			break
		}
		binary.LittleEndian.PutUint32(b[at+20:], sum(b[at+48:at+48+body]))
		binary.LittleEndian.PutUint32(b[at+44:], sum(b[at:at+44]))
		at += 48 + body
	}
	if end := len(b) - 32; end >= at && string(b[end+24:]) == "SLTREND\n" {
		binary.LittleEndian.PutUint64(b[end:], uint64(at))
		binary.LittleEndian.PutUint64(b[end+8:], uint64(end-at))
		binary.LittleEndian.PutUint32(b[end+20:], sum(b[at:end+20]))
	}
	return b
}

// readOpen decompresses a frame as far as that goes.
func readOpen(b []byte) []byte {
	d, err := zstd.NewReader(bytes.NewReader(b), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(64<<20+1024))
	if err != nil {
		return nil
	}
	defer d.Close()
	text, _ := io.ReadAll(io.LimitReader(d, 64<<20+1024))
	return text
}

// readSimply reads the blocks in a row, as the format describes them, up to the first that is wrong. whole is how
// many of the records are in blocks that are right to their end.
func readSimply(b []byte) (all []string, whole int) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(128<<20))
	if err != nil {
		panic(err)
	}
	defer d.Close()
	for at := 48; at+48 <= len(b) && string(b[at:at+4]) == "SLTB"; {
		u := func(i int) int64 { return int64(binary.LittleEndian.Uint32(b[at+i:])) }
		body, raw, count := u(4), u(8), u(12)
		if body > int64(len(b)-at-48) || raw > 64<<20+1024 || raw > body<<15 || count > raw/5 || uint32(u(44)) != sum(b[at:at+44]) || u(40)&1 == 0 && uint32(u(20)) != sum(b[at+48:at+48+int(body)]) {
			return all, whole
		}
		when, latest := int64(binary.LittleEndian.Uint64(b[at+24:])), int64(binary.LittleEndian.Uint64(b[at+32:]))
		open := u(40)&1 != 0
		if !open && (when > latest || count == 0 && (raw > 0 || when != 0 || latest != 0)) {
			return all, whole
		}
		if open && (body > 0 || raw > 0 || count > 0) {
			return all, whole
		}
		content := b[at+48 : at+48+int(body)]
		at += 48 + int(body)
		var text []byte
		switch {
		case open:
			text, count = readOpen(b[at:]), 1<<62
			at = len(b)
		case count == 0:
			continue
		default:
			text, err = d.DecodeAll(content, nil)
			if err != nil || int64(len(text)) != raw {
				return all, whole
			}
		}
		for range count {
			delta, n := binary.Varint(text)
			if n <= 0 {
				return all, whole
			}
			text = text[n:]
			shard, n := binary.Uvarint(text)
			if n <= 0 || shard > 1<<31-1 || n >= len(text) {
				return all, whole
			}
			kind := text[n]
			text = text[n+1:]
			number, n := binary.Uvarint(text)
			if n <= 0 || number > 64<<20+1024 {
				return all, whole
			}
			text = text[n:]
			length, n := binary.Uvarint(text)
			if n <= 0 || length > uint64(len(text)-n) {
				return all, whole
			}
			payload := text[n : n+int(length)]
			text = text[n+int(length):]
			when += delta
			wire, code := number, uint64(0)
			if trace.Kind(kind) == trace.Closed {
				wire, code = 0, number
			}
			all = append(all, fmt.Sprintf("%d %d %d %d %d %q", time.UnixMicro(when).UnixMicro(), shard, kind, wire, code, payload))
			if open {
				whole = len(all)
			}
		}
		if len(text) > 0 {
			return all, whole
		}
		whole = len(all)
	}
	return all, whole
}
