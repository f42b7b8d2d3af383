//go:build !plan9

package transport

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// world is a network of addresses that behave as a test says.
type world struct {
	*Dialer
	logs bytes.Buffer

	mu    sync.Mutex
	hangs map[string]bool // addresses that never answer
	fails map[string]error
	slow  map[string]time.Duration
	tried []string // in order
	open  int      // connections
}

func newWorld(addresses ...string) *world {
	w := &world{hangs: map[string]bool{}, fails: map[string]error{}, slow: map[string]time.Duration{}}
	w.Dialer = &Dialer{
		Logger: slog.New(slog.NewTextHandler(&w.logs, nil)),
		Lookup: func(context.Context, string) (list []netip.Addr, err error) {
			for _, a := range addresses {
				list = append(list, netip.MustParseAddr(a))
			}
			return list, nil
		},
		Attempt: w.attempt,
	}
	return w
}

func (w *world) attempt(ctx context.Context, network, address string) (net.Conn, error) {
	host := netip.MustParseAddrPort(address).Addr().String()
	w.mu.Lock()
	w.tried = append(w.tried, host)
	hangs, fails, slow := w.hangs[host], w.fails[host], w.slow[host]
	w.mu.Unlock()
	if fails != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)), Err: fails}
	}
	var answer <-chan time.Time
	if !hangs {
		answer = time.After(slow)
	}
	select {
	case <-answer:
	case <-ctx.Done():
		return nil, &net.OpError{Op: "dial", Net: network, Addr: net.TCPAddrFromAddrPort(netip.MustParseAddrPort(address)), Err: ctx.Err()}
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open++
	return &countedConn{world: w, address: address}, nil
}

type countedConn struct {
	net.Conn
	world   *world
	address string
}

func (c *countedConn) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.address))
}

func (c *countedConn) Close() error {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	c.world.open--
	return nil
}

// dial dials once within 10 s and returns how long that took and which addresses were
// tried.
func (w *world) dial(t *testing.T) (path *Path, took time.Duration, tried []string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	w.mu.Lock()
	w.tried = nil
	w.mu.Unlock()
	began := time.Now()
	path, err = w.direct(ctx, "gateway.test", "gateway.test:443")
	want := 0
	if err == nil {
		want = 1
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.open != want {
		t.Errorf("%d connections are open, want %d", w.open, want)
	}
	w.open = 0
	return path, time.Since(began), w.tried, err
}

// TestSilentAddressesAreRaced: an address that swallows everything costs 250 ms of a dial
// that begins with it, and nothing once it is known. The log names it, once.
func TestSilentAddressesAreRaced(t *testing.T) {
	for _, test := range []struct {
		addresses, hang []string
		most            time.Duration
	}{
		{[]string{"192.0.2.1", "192.0.2.2"}, []string{"192.0.2.2"}, attemptDelay},
		{[]string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}, []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.5"}, 4 * attemptDelay},
		{[]string{"2001:db8::1", "192.0.2.1"}, []string{"2001:db8::1"}, attemptDelay},
		{[]string{"2001:db8::1", "2001:db8::2", "192.0.2.1"}, []string{"2001:db8::1", "2001:db8::2"}, attemptDelay},
	} {
		t.Run(fmt.Sprint(len(test.hang), "of", len(test.addresses)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(test.addresses...)
				for _, a := range test.hang {
					w.hangs[a] = true
				}
				costly := 0
				for range 20 {
					path, took, _, err := w.dial(t)
					if err != nil {
						t.Fatal(err)
					}
					path.Worked()
					if took > test.most {
						t.Errorf("a dial took %v", took)
					}
					if took > 0 {
						costly++
					}
				}
				if costly > len(test.hang) {
					t.Errorf("%d of 20 dials waited for an address that does not answer", costly)
				}
				for _, a := range test.hang {
					if n := strings.Count(w.logs.String(), "address="+a+" "); n > 1 || n == 0 && len(test.addresses) == 2 {
						t.Errorf("the log names %s %d times:\n%s", a, n, w.logs.String())
					}
				}
			})
		})
	}
}

// TestRefusedAddressesCostNothing: the next address is tried at once.
func TestRefusedAddressesCostNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("192.0.2.1", "192.0.2.2", "192.0.2.3")
		w.fails["192.0.2.2"], w.fails["192.0.2.3"] = syscall.ECONNREFUSED, syscall.ENETUNREACH
		for range 3 {
			if _, took, _, err := w.dial(t); err != nil || took > 0 {
				t.Errorf("%v, %v", took, err)
			}
		}
	})
}

// TestSlowNetwork: where every address takes longer than the delay, the first one wins,
// and is not held for silent.
func TestSlowNetwork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("192.0.2.1", "192.0.2.2")
		w.slow["192.0.2.1"], w.slow["192.0.2.2"] = time.Second, time.Second
		for range 4 {
			if _, took, tried, err := w.dial(t); err != nil || took != time.Second || len(tried) != 2 {
				t.Errorf("%v, %v, %v", took, tried, err)
			}
		}
		if w.logs.Len() > 0 {
			t.Error(w.logs.String())
		}
	})
}

// TestSilentBehindTCP: an address that accepts TCP and then brings nothing is not the
// first that the next dials try.
func TestSilentBehindTCP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("192.0.2.1", "192.0.2.2")
		path, _, tried, err := w.dial(t)
		if err != nil {
			t.Fatal(err)
		}
		silent := tried[0]
		if want := "gateway.test (" + silent + ":443)"; path.String() != want {
			t.Errorf("the path is %v, want %s", path, want)
		}
		path.Failed()
		for range 10 {
			path, _, tried, _ := w.dial(t)
			if tried[0] == silent {
				t.Errorf("tried %v", tried)
			}
			path.Worked()
		}
		// Later one dial tries it again, and then none, if it fails again, for twice as long.
		time.Sleep(firstPenalty)
		again := 0
		for range 10 {
			path, _, tried, _ := w.dial(t)
			if tried[0] == silent {
				again++
				path.Failed()
			}
		}
		if again != 1 {
			t.Errorf("tried again %d times", again)
		}
		time.Sleep(2*firstPenalty - time.Second)
		for range 10 {
			if _, _, tried, _ := w.dial(t); tried[0] == silent {
				t.Error("tried again too early")
			}
		}
	})
}

// TestAllAddressesFail: the error names each; attempts take turns in which address they
// begin with; and once they work again, all of them get their share.
func TestAllAddressesFail(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		addresses := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3"}
		w := newWorld(addresses...)
		for i, a := range addresses {
			if i == 1 {
				w.hangs[a] = true
			} else {
				w.fails[a] = syscall.ECONNREFUSED
			}
		}
		first := map[string]bool{}
		for range 3 {
			_, took, tried, err := w.dial(t)
			if err == nil || took != 10*time.Second || len(tried) != 3 || !errors.Is(err, syscall.ECONNREFUSED) || !errors.Is(err, context.DeadlineExceeded) {
				t.Fatalf("%v, %v, %v", took, tried, err)
			}
			for _, a := range addresses {
				if !strings.Contains(err.Error(), a+":443") {
					t.Errorf("the error does not name %s: %v", a, err)
				}
			}
			first[tried[0]] = true
		}
		if len(first) < 2 {
			t.Errorf("all attempts began with %v", first)
		}
		clear(w.hangs)
		clear(w.fails)
		share := map[string]int{}
		for range 99 {
			path, _, tried, err := w.dial(t)
			if err != nil {
				t.Fatal(err)
			}
			path.Worked()
			share[tried[0]]++
		}
		for _, a := range addresses {
			if share[a] < 20 {
				t.Errorf("shares %v", share)
			}
		}
	})
}

// TestShares: connections spread evenly over the addresses that work, also beside some
// that do not.
func TestShares(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		addresses := []string{"192.0.2.1", "192.0.2.2", "192.0.2.3", "192.0.2.4", "192.0.2.5"}
		w := newWorld(addresses...)
		w.hangs["192.0.2.3"] = true
		share := map[string]int{}
		for range 1000 {
			path, _, _, err := w.dial(t)
			if err != nil {
				t.Fatal(err)
			}
			path.Worked()
			share[path.address]++
		}
		if len(share) != 4 {
			t.Errorf("shares %v", share)
		}
		for a, n := range share {
			if n < 230 || n > 270 {
				t.Errorf("%s got %d of 1000", a, n)
			}
		}
	})
}

// TestFamiliesTakeTurns: the family that the system prefers goes first, and the other one
// second (RFC 8305, section 4).
func TestFamiliesTakeTurns(t *testing.T) {
	var m memory
	parse := func(list ...string) (addresses []netip.Addr) {
		for _, a := range list {
			addresses = append(addresses, netip.MustParseAddr(a))
		}
		return addresses
	}
	addresses := parse("2001:db8::1", "2001:db8::2", "2001:db8::3", "192.0.2.1")
	for range 3 {
		got := m.order("h", addresses, time.Now())
		if got[0].Is4() || !got[1].Is4() || got[2].Is4() || got[3].Is4() {
			t.Errorf("%v", got)
		}
		slices.SortFunc(got, netip.Addr.Compare)
		want := slices.Clone(addresses)
		slices.SortFunc(want, netip.Addr.Compare)
		if !slices.Equal(got, want) {
			t.Errorf("%v", got)
		}
	}
	if got := m.order("h", make([]netip.Addr, 1000), time.Now()); len(got) != maxAddresses {
		t.Errorf("%d addresses are tried", len(got))
	}
}

// TestMemoryIsBounded: hosts and addresses that come and go are not kept for ever.
func TestMemoryIsBounded(t *testing.T) {
	var m memory
	for i := range 100_000 {
		a := netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)})
		m.failed(&choice{host: "one host", address: a}, time.Now())
		m.failed(&choice{host: fmt.Sprint(i), address: a}, time.Now())
	}
	if n := len(m.hosts); n > maxHosts {
		t.Errorf("%d hosts", n)
	}
	for _, h := range m.hosts {
		if n := len(h.failures); n > maxFailures {
			t.Errorf("%d failures", n)
		}
	}
}

// TestCalledOff: a dial that is called off says nothing of the address.
func TestCalledOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("192.0.2.1", "192.0.2.2")
		w.hangs["192.0.2.1"], w.hangs["192.0.2.2"] = true, true
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := w.direct(ctx, "gateway.test", "gateway.test:443"); !errors.Is(err, context.Canceled) {
			t.Error(err)
		}
		for name, h := range w.memory.hosts {
			if len(h.failures) > 0 {
				t.Errorf("%s: %v", name, h.failures)
			}
		}
	})
}

// TestNoDescriptor is no failure of an address.
func TestNoDescriptor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld("192.0.2.1", "192.0.2.2")
		w.fails["192.0.2.1"], w.fails["192.0.2.2"] = syscall.EMFILE, syscall.EMFILE
		if _, _, tried, err := w.dial(t); !errors.Is(err, syscall.EMFILE) || len(tried) != 1 {
			t.Errorf("%v, %v", tried, err)
		}
		for _, h := range w.memory.hosts {
			if len(h.failures) > 0 {
				t.Errorf("%v", h.failures)
			}
		}
	})
}

// TestForeignDial: a function that keeps to no deadline does not hold up a dial, and what
// it brings later is closed.
func TestForeignDial(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld()
		w.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
			if address != "gateway.test:443" {
				t.Errorf("dialled %s", address)
			}
			time.Sleep(time.Minute)
			return w.attempt(context.Background(), network, "192.0.2.1:443")
		}
		if _, took, _, err := w.dial(t); !errors.Is(err, context.DeadlineExceeded) || took != 10*time.Second {
			t.Errorf("%v, %v", took, err)
		}
		time.Sleep(time.Hour)
		w.mu.Lock()
		defer w.mu.Unlock()
		if w.open != 0 {
			t.Errorf("%d connections are open", w.open)
		}
	})
}
