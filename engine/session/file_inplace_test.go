package session

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// memoryDisk is a file whose power can be cut: writes that were not synced may come to
// the disk wholly, in part, or not at all.
type memoryDisk struct {
	b    []byte                     // what was written, as a program sees it
	full int                        // how large it may become, 0: no limit
	seen func(safe, written []byte) // called whenever something may be lost
	safe []byte                     // as of the last Sync
}

func (d *memoryDisk) WriteAt(p []byte, at int64) (int, error) {
	room := len(p)
	if d.full > 0 {
		room = max(0, min(room, d.full-int(at)))
	}
	d.b = put(d.b, p[:room], int(at))
	d.seen(d.safe, d.b)
	if room < len(p) {
		return room, errors.New("no space left")
	}
	return len(p), nil
}

func put(b, p []byte, at int) []byte {
	b = slices.Clone(b)
	if n := at + len(p) - len(b); n > 0 {
		b = append(b, make([]byte, n)...)
	}
	copy(b[at:], p)
	return b
}

func (d *memoryDisk) Truncate(size int64) error {
	d.b = slices.Clone(d.b[:size])
	d.seen(d.safe, d.b)
	return nil
}

func (d *memoryDisk) Sync() error {
	d.safe = slices.Clone(d.b)
	return nil
}

// cuts calls f with what may stand on the disk after a power cut: any part of what
// was written over what is safe, in blocks, with zeros where the file became longer.
func cuts(safe, written []byte, random *rand.Rand, f func(b []byte)) {
	f(safe)
	f(written)
	if len(written) < len(safe) {
		return // a cut is done or not
	}
	longer := append(slices.Clone(safe), make([]byte, len(written)-len(safe))...)
	f(longer)
	for n := range written { // a prefix, and no further than that
		f(put(safe, written[:n], 0))
		if n > len(safe) {
			f(written[:n])
		}
	}
	for range 200 {
		b := slices.Clone(longer)
		for at := 0; at < len(b); {
			next := min(len(b), at+1+random.IntN(64))
			if random.IntN(2) == 0 {
				copy(b[at:next], written[at:])
			}
			at = next
		}
		f(b[:len(safe)+random.IntN(len(b)-len(safe)+1)])
	}
}

// TestFileSessionsCutInPlace: wherever a write in place is cut off, the file holds the
// snapshot from before or the new one, wholly, and the next write mends it, which may
// be cut off in turn.
func TestFileSessionsCutInPlace(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	text := func(shards int, seq int64) []byte {
		s := testSnapshot(shards)
		for i := range s.Sessions {
			s.Sessions[i].Seq = seq
		}
		b, err := s.AppendText(nil)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for name, c := range map[string][2][]byte{
		"as long": {text(2, 1999), text(2, 2001)},
		"longer":  {text(1, 7), text(4, 7)},
		"shorter": {text(4, 7), text(1, 9)},
		"first":   {nil, text(2, 2)},
	} {
		before, after := c[0], c[1]
		third := text(3, 33)
		files := 0
		check := func(file []byte, depth string, may ...[]byte) {
			files++
			got := newestSnapshot(file)
			if _, err := Parse(got); err != nil && len(before) > 0 {
				t.Fatalf("%s, %s: %v:\n%s", name, depth, err, file)
			}
			if len(before) > 0 && !slices.ContainsFunc(may, func(b []byte) bool { return bytes.Equal(b, got) }) {
				t.Fatalf("%s, %s: holds neither:\n%s", name, depth, file)
			}
		}
		d := &memoryDisk{b: before, safe: before}
		d.seen = func(safe, written []byte) {
			cuts(safe, written, random, func(file []byte) {
				check(file, "cut once", before, after)
				if random.IntN(20) > 0 {
					return
				}
				whole := newestSnapshot(file)
				again := &memoryDisk{b: file, safe: file}
				again.seen = func(safe, written []byte) {
					for _, b := range [][]byte{safe, written, put(safe, written[:random.IntN(len(written)+1)], 0)} {
						check(b, "cut twice", whole, third)
					}
				}
				if err := rewrite(again, file, third); err != nil || !bytes.Equal(again.b, third) {
					t.Fatalf("%s: %v:\n%s", name, err, again.b)
				}
			})
		}
		if err := rewrite(d, before, after); err != nil || !bytes.Equal(d.b, after) || !bytes.Equal(d.safe, after) {
			t.Errorf("%s: %v:\n%s", name, err, d.b)
		}
		t.Logf("%s: %d files", name, files)
	}
}

// TestFileSessionsFullInPlace: where there is no room for both, the one from before
// stays.
func TestFileSessionsFullInPlace(t *testing.T) {
	before, _ := testSnapshot(2).AppendText(nil)
	after, _ := testSnapshot(3).AppendText(nil)
	for room := len(before); room < len(before)+len(after); room += 7 {
		d := &memoryDisk{b: before, safe: before, full: room, seen: func(_, _ []byte) {}}
		if err := rewrite(d, before, after); err == nil || !bytes.Equal(d.b, before) {
			t.Fatalf("with room for %d bytes: %v:\n%s", room, err, d.b)
		}
	}
}

// TestFileSessionsBehind: only what a write in place leaves may stand behind a snapshot.
func TestFileSessionsBehind(t *testing.T) {
	good, _ := testSnapshot(1).AppendText(nil)
	other, _ := testSnapshot(2).AppendText(nil)
	for behind, want := range map[string][]byte{
		"\n\n":                         good,
		"#":                            good,
		copyBegin + string(other[:40]): good,
		copyBegin + string(other):      good,
		"\n\n" + copyBegin + string(other) + string(copyEnd(other)):         other,
		copyBegin + string(other) + string(copyEnd(other[1:])):              good,
		copyBegin + string(other) + strings.ToUpper(string(copyEnd(other))): good,
		"\x00\x00\x00\x00": good,
		copyBegin + "# 99999999999999999999 bytes, SHA-256 00\n": good,
		copyBegin + "# -5 bytes, SHA-256 00\n":                   good,
		"}":                                                      nil,
		"x":                                                      nil,
		string(other):                                            nil,
		string(other) + string(copyEnd(other)):                   nil,
	} {
		got := newestSnapshot(append(slices.Clone(good), behind...))
		switch {
		case want != nil && !bytes.Equal(got, want):
			t.Errorf("%q: counts %q", behind, got)
		case want == nil:
			if s, err := Parse(got); err == nil {
				t.Errorf("%q: read as %+v", behind, s)
			}
		}
	}
}

// FuzzNewestSnapshot gives what reads a session file any bytes: what counts is a part of
// them, the same when it is read again, and a write in place over them ends well.
func FuzzNewestSnapshot(f *testing.F) {
	good, _ := testSnapshot(1).AppendText(nil)
	other, _ := testSnapshot(2).AppendText(nil)
	f.Add(good)
	f.Add(slices.Concat(good, []byte("\n\n"+copyBegin), other, copyEnd(other)))
	f.Add(slices.Concat(good, []byte(copyBegin), other[:50], make([]byte, 20)))
	f.Fuzz(func(t *testing.T, file []byte) {
		text := newestSnapshot(file)
		if !bytes.Contains(file, text) {
			t.Fatalf("%q is no part of %q", text, file)
		}
		if s, err := Parse(text); err == nil {
			again, err := Parse(newestSnapshot(text))
			if err != nil || !reflect.DeepEqual(s, again) {
				t.Fatalf("%q counts %+v, and again %+v, %v", file, s, again, err)
			}
		}
		d := &memoryDisk{b: file, safe: file, seen: func(_, _ []byte) {}}
		if err := rewrite(d, file, good); err != nil || !bytes.Equal(d.safe, good) {
			t.Fatalf("%v: %q", err, d.safe)
		}
	})
}
