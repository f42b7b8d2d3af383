//go:build !portable

package reactor

import (
	"errors"
	"os"
	"syscall"
	"testing"
)

// Where the system refuses descriptors, New says so and gives the driver that
// needs none, and what it had opened is closed.
func TestNewFallsBack(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip(err)
	}
	var limit syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Skip(err)
	}
	before := openDescriptors()
	few := limit
	few.Cur = uint64(before) + 4 // one loop takes three
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &few); err != nil {
		t.Skip(err)
	}
	d, why := New(8)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if _, ok := d.(PortableDriver); !ok || !errors.Is(why, syscall.EMFILE) {
		t.Fatalf("New gave a %T because of %v", d, why)
	}
	if after := openDescriptors(); after != before {
		t.Errorf("%d descriptors are open, %d were before", after, before)
	}
}

// Records that end anywhere are told apart, and one that announces too much is
// passed on as it is.
func TestWholeRecords(t *testing.T) {
	record := func(size int) []byte {
		return append([]byte{23, 3, 3, byte(size >> 8), byte(size)}, make([]byte, size)...)
	}
	two := append(record(10), record(300)...)
	for _, c := range []struct {
		name string
		b    []byte
		want int
	}{
		{"nothing", nil, 0},
		{"half a header", two[:4], 0},
		{"a header", two[:5], 0},
		{"all but a byte", two[:14], 0},
		{"one", two[:15], 15},
		{"one and a header", two[:20], 15},
		{"two", two, len(two)},
		{"an empty one", record(0), 5},
		{"the largest", record(maxCiphertext), 5 + maxCiphertext},
		{"too large", record(maxCiphertext + 1)[:6], 6},
		{"one, and one too large", append(record(10), record(maxCiphertext + 1)[:5]...), 20},
	} {
		if got := wholeRecords(c.b); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
