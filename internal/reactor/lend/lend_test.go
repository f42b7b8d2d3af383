//go:build !safe

package lend

import (
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"
)

// mustLend skips a test where records cannot be lent.
func mustLend(t testing.TB) {
	t.Helper()
	if why := Supported(); why != "" {
		t.Skip("TLS records cannot be lent here: ", why)
	}
}

// newTrial connects, with a loop that reads 64 KB at a time.
func newTrial(t *testing.T, version uint16) *trial {
	t.Helper()
	mustLend(t)
	certificate, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPeers(certificate, version).connect()
	if err != nil {
		t.Fatal(err)
	}
	const read = 64 << 10
	r := &trial{buf: make([]byte, read+Slack), plain: make([]byte, read+MaxPlaintext)}
	r.reset(p, of(p.client))
	if err := r.begin(); err != nil {
		t.Fatal(err)
	}
	return r
}

func versions(t *testing.T, test func(t *testing.T, version uint16)) {
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		t.Run(tls.VersionName(version), func(t *testing.T) { test(t, version) })
	}
}

// Records of every size class, many of them, in every kind of split.
func TestLend(t *testing.T) {
	versions(t, func(t *testing.T, version uint16) {
		r := newTrial(t, version)
		random := rand.New(rand.NewPCG(1, uint64(version)))
		for round := range 6 {
			stream, err := r.sent(func() (err error) {
				for range 4 {
					for _, size := range []int{1, 2, 100, 820, 5000, 16383, 16384, 16385, 40_000} {
						p := make([]byte, size)
						for i := range p {
							p[i] = byte(random.Uint32())
						}
						err = errors.Join(err, r.write(string(p)))
					}
				}
				return err
			})
			for len(stream) > 0 && err == nil {
				n := []int{1, 3, 1 + random.IntN(100), 1 + random.IntN(2000), 1 + random.IntN(40_000), 46 << 10}[round]
				if round < 2 && len(stream) > 70_000 {
					n = 30_000 // byte by byte only the rest: the whole would take minutes under race
				}
				n = min(n, len(stream))
				err = r.feed(stream[:n])
				stream = stream[n:]
			}
			if err = errors.Join(err, r.err, r.check("split")); err != nil {
				t.Fatalf("round %d: %v", round, err)
			}
		}
	})
}

// A connection to which records are lent must keep no buffer and not allocate.
func TestLendAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	r := newTrial(t, tls.VersionTLS13)
	const runs = 50
	stream, err := r.sent(func() (err error) {
		for range runs + 2 {
			_, err = r.server.Write(make([]byte, 1000))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	size := len(stream) / (runs + 2)
	door := of(r.client) // as a loop has it, not as an interface
	next := func() {
		n := copy(r.buf, stream[:size])
		stream = stream[size:]
		door.Lend(r.buf[: n : n+Slack])
		if n, err := r.client.Read(r.plain); n != 1000 || err != nil {
			t.Fatal(n, err)
		}
		door.Return()
	}
	next()
	if allocs := testing.AllocsPerRun(runs, next); allocs != 0 {
		t.Errorf("%v allocations a record", allocs)
	}
	for _, name := range []string{"rawInput", "hand"} {
		if n := reflect.ValueOf(r.client).Elem().FieldByName(name).FieldByName("buf").Cap(); n != 0 {
			t.Errorf("the connection kept %d bytes in %s", n, name)
		}
	}
}

// Records that end anywhere are told apart, and one that announces too much is
// passed on as it is.
func TestWhole(t *testing.T) {
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
		if got := Whole(c.b); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
