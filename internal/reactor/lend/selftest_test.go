//go:build !safe

package lend

import (
	"crypto/tls"
	"testing"
)

// strange is a door whose connection does something else than crypto/tls does. What
// is nil it does as usual.
type strange struct {
	Conn
	lend    func(c Conn, records []byte)
	pending func(c Conn) int
	giveUp  func(c Conn)
}

func (s *strange) Lend(records []byte) {
	if s.lend == nil {
		s.Conn.Lend(records)
		return
	}
	s.lend(s.Conn, records)
}

func (s *strange) Pending() int {
	if s.pending == nil {
		return s.Conn.Pending()
	}
	return s.pending(s.Conn)
}

func (s *strange) Return() {
	if s.giveUp != nil {
		s.giveUp(s.Conn)
	}
	s.Conn.Return()
}

// Whatever a crypto/tls to come does differently, the self-test says so, and ends.
func TestSelfTestFinds(t *testing.T) {
	mustLend(t)
	last := func(records []byte) int { return Whole(records[:len(records)-1]) }
	var held []byte
	for name, s := range map[string]strange{
		"a byte behind the records is written": {lend: func(c Conn, records []byte) {
			records[:cap(records)][cap(records)-1] ^= 1
			c.Lend(records)
		}},
		"a panic":                    {lend: func(_ Conn, records []byte) { _ = records[:cap(records)+len(records)] }},
		"the last record is dropped": {lend: func(c Conn, records []byte) { c.Lend(records[:last(records)]) }},
		"the last record is held back, in memory that was given back": {lend: func(c Conn, records []byte) {
			n := last(records)
			c.Lend(append(held[:len(held):len(held)], records[:n]...))
			held = records[n:]
		}},
		"a byte is changed": {lend: func(c Conn, records []byte) {
			records[len(records)-1] ^= 1
			c.Lend(records)
		}},
		"plaintext is left":              {pending: func(c Conn) int { return c.Pending() + 1 }},
		"a message in part is forgotten": {giveUp: func(c Conn) { c.hand.Reset() }},
	} {
		t.Run(name, func(t *testing.T) {
			if s.giveUp != nil && !crafts(t) {
				t.Skip("messages in part cannot be made here: this processor has no instructions for AES")
			}
			err := selfTest(func(c *tls.Conn) door {
				with := s
				with.Conn = of(c)
				return &with
			})
			if err == nil {
				t.Error("not found")
			}
			t.Log(err)
		})
	}
}

// The self-test finds nothing where there is nothing.
func TestSelfTest(t *testing.T) {
	mustLend(t)
	for range 20 {
		if err := selfTest(func(c *tls.Conn) door { return of(c) }); err != nil {
			t.Fatal(err)
		}
	}
}

// crafts reports whether the self-test makes records of its own, see newSealer.
func crafts(t *testing.T) bool {
	t.Helper()
	certificate, err := identity()
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPeers(certificate, tls.VersionTLS13).connect()
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSealer(p, 0)
	if err != nil {
		t.Fatal(err)
	}
	return s != nil
}
