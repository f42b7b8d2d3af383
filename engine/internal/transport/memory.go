package transport

import (
	"net/netip"
	"slices"
	"sync"
	"time"
)

// This file remembers which addresses of a host failed. Failures are remembered, and
// not one winner, so that thousands of connections spread over all addresses that work.

const (
	// An address that failed is tried last for so long, doubled with each failure
	// in a row. Then one dial tries it first again.
	firstPenalty = time.Minute
	maxPenalty   = 16 * time.Minute

	// maxHosts bounds what is remembered: a gateway may name another host with
	// each READY.
	maxHosts = 64

	// maxFailures bounds the same for a host whose addresses change.
	maxFailures = 256

	// maxAddresses is how many addresses of a host one dial tries.
	maxAddresses = 32
)

// memory is what is known of addresses, by host and port.
type memory struct {
	mu    sync.Mutex
	hosts map[string]*host
}

type host struct {
	turn     int // the next dial begins with the next good address
	failures map[netip.Addr]*failure
}

type failure struct {
	at      time.Time // of the last one
	until   time.Time // tried last until then
	penalty time.Duration
}

// choice is an address that a dial tries.
type choice struct {
	host    string // with the port
	address netip.Addr
	began   time.Time
}

// host returns what is known of a host. mu is held.
func (m *memory) host(name string) *host {
	h := m.hosts[name]
	if h == nil {
		if m.hosts == nil || len(m.hosts) >= maxHosts {
			m.hosts = make(map[string]*host)
		}
		h = &host{failures: make(map[netip.Addr]*failure)}
		m.hosts[name] = h
	}
	return h
}

// order puts a host's addresses, which come as RFC 6724 sorts them, in the order in
// which a dial tries them. The family of the first one goes first, and families take
// turns (RFC 8305, section 4). Within a family, dials take turns in which address they
// begin with. Those that failed lately go last, the oldest failure first.
func (m *memory) order(name string, addresses []netip.Addr, now time.Time) []netip.Addr {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.host(name)
	h.turn++
	var good [2][]netip.Addr
	var bad []netip.Addr
	for _, a := range addresses {
		switch f := h.failures[a]; {
		case f != nil && now.Before(f.until):
			bad = append(bad, a)
		case a.Is4() == addresses[0].Is4():
			good[0] = append(good[0], a)
		default:
			good[1] = append(good[1], a)
		}
	}
	slices.SortStableFunc(bad, func(a, b netip.Addr) int { return h.failures[a].at.Compare(h.failures[b].at) })
	if len(bad) == len(addresses) {
		// Where all failed, the network did. If that were kept, all dials would
		// go to the first address that works again.
		clear(h.failures)
	}
	list := interleave(rotate(good[0], h.turn), rotate(good[1], h.turn))
	if len(list) > 0 {
		if f := h.failures[list[0]]; f != nil {
			f.until = now.Add(f.penalty) // this dial tries it, and no other meanwhile
		}
	}
	list = append(list, bad...)
	return list[:min(len(list), maxAddresses)]
}

func rotate(list []netip.Addr, n int) []netip.Addr {
	if len(list) == 0 {
		return nil
	}
	n %= len(list)
	return slices.Concat(list[n:], list[:n])
}

func interleave(a, b []netip.Addr) (list []netip.Addr) {
	for i := range max(len(a), len(b)) {
		if i < len(a) {
			list = append(list, a[i])
		}
		if i < len(b) {
			list = append(list, b[i])
		}
	}
	return list
}

// failed notes a failure, and reports whether the address was good before.
func (m *memory) failed(c *choice, now time.Time) (fresh bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	h := m.host(c.host)
	f := h.failures[c.address]
	switch {
	case f == nil:
		if len(h.failures) >= maxFailures {
			clear(h.failures)
		}
		f, fresh = &failure{penalty: firstPenalty}, true
		h.failures[c.address] = f
	case c.began.After(f.at): // and not one of many that failed together
		f.penalty = min(2*f.penalty, maxPenalty)
	}
	f.at, f.until = now, now.Add(f.penalty)
	return fresh
}

// worked forgets an address's failures.
func (m *memory) worked(c *choice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.host(c.host).failures, c.address)
}
