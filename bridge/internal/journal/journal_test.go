package journal

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

type record struct {
	kind Kind
	body string
}

func readAll(data []byte) (list []record, err error) {
	err = Read(bytes.NewReader(data), int64(len(data)), func(kind Kind, body []byte) error {
		list = append(list, record{kind, string(body)})
		return nil
	})
	return list, err
}

// write makes a journal of a snapshot and what follows, and returns its bytes and where the snapshot ends.
func write(t testing.TB, name string, snapshot, then []record) (data []byte, base int) {
	t.Helper()
	w, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range snapshot {
		if err := w.Append(r.kind, []byte(r.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Commit(nil); err != nil {
		t.Fatal(err)
	}
	for _, r := range then {
		half := len(r.body) / 2
		if err := w.Append(r.kind, []byte(r.body[:half]), []byte(r.body[half:])); err != nil {
			t.Fatal(err)
		}
	}
	base = int(w.Base())
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	data, err = os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data, base
}

var (
	snapshot = []record{{Head, "whose"}, {State, "what"}, {Session, ""}}
	then     = []record{{Events, "one two"}, {Ended, "s"}, {Events, "three"}}
)

// TestCutOff: wherever a journal is cut off behind its snapshot, all whole records are read; in front of that, it is
// damaged. Likewise wherever a byte is changed.
func TestCutOff(t *testing.T) {
	data, base := write(t, filepath.Join(t.TempDir(), "j"), snapshot, then)
	want := append(append(append([]record(nil), snapshot...), record{Start, ""}), then...)
	for n := range len(data) + 1 {
		got, err := readAll(data[:n])
		if n < base != errors.Is(err, ErrDamaged) {
			t.Fatalf("%d of %d bytes: %v", n, len(data), err)
		}
		for i, r := range got {
			if r != want[i] {
				t.Fatalf("%d bytes: record %d is %v", n, i, r)
			}
		}
		if n == len(data) && len(got) != len(want) {
			t.Errorf("%d records, want %d", len(got), len(want))
		}
	}
	for i := range data {
		bad := bytes.Clone(data)
		bad[i] ^= 0x10
		got, err := readAll(bad)
		if i < base && err == nil || len(got) >= len(want) {
			t.Errorf("byte %d changed: %d records, %v", i, len(got), err)
		}
	}
}

// TestReplace: a journal takes the place of another only when its snapshot is whole.
func TestReplace(t *testing.T) {
	name := filepath.Join(t.TempDir(), "j")
	before, _ := write(t, name, snapshot, then)
	w, err := Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if now, _ := os.ReadFile(name); !bytes.Equal(now, before) {
		t.Error("Create touched the journal before")
	}
	if err := w.Abort(); err != nil {
		t.Fatal(err)
	}
	write(t, name, snapshot[:1], nil)
	if now, _ := os.ReadFile(name); len(now) >= len(before) {
		t.Error("Commit did not replace the journal before")
	}
	if entries, _ := os.ReadDir(filepath.Dir(name)); len(entries) != 1 {
		t.Errorf("%d files are left", len(entries))
	}
}

// FuzzRead: whatever a file holds, reading ends, and what is read is written again as the same bytes.
func FuzzRead(f *testing.F) {
	data, _ := write(f, filepath.Join(f.TempDir(), "j"), snapshot, then)
	f.Add(data)
	f.Add(data[:len(data)-3])
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		again := []byte(magic)
		err := Read(bytes.NewReader(data), int64(len(data)), func(kind Kind, body []byte) error {
			again = append(appendHead(again, kind, body), body...)
			return nil
		})
		if err == nil && !bytes.HasPrefix(data, again) {
			t.Errorf("read %q as %q", data, again)
		}
	})
}
