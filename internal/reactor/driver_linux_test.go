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

// What happens to a connection that is held is told once at most: its loop would
// otherwise never come to rest.
func TestHeldIsToldOnce(t *testing.T) {
	var p poller
	if err := p.open(); err != nil {
		t.Skip(err)
	}
	defer p.close()
	pair, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(pair[0])
	for _, op := range []int{syscall.EPOLL_CTL_ADD, syscall.EPOLL_CTL_MOD} {
		if err := p.control(op, pair[0], 0, 0, onlyOnce); err != nil {
			t.Fatal(err)
		}
	}
	events := make([]syscall.EpollEvent, 8)
	if n, _ := p.wait(events); n != 0 {
		t.Errorf("%d events before there was any", n)
	}
	syscall.Close(pair[1])
	told := 0
	for range 10 {
		n, _ := p.wait(events)
		told += n
	}
	if told > 1 {
		t.Errorf("the end was told %d times", told)
	}
	if err := p.control(syscall.EPOLL_CTL_MOD, pair[0], 0, 0, readable); err != nil {
		t.Fatal(err)
	}
	if n, _ := p.wait(events); n != 1 {
		t.Errorf("%d events once it is read again", n)
	}
}
