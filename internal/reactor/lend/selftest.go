//go:build !safe

package lend

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"slices"
)

// selfTest has TLS connections in memory do with lent records all that an event loop
// relies on, over TLS 1.2 and 1.3: several records in one read; records cut at every
// byte; those that a connection read ahead before it was lent any; the longest;
// session tickets; over TLS 1.3 padding, messages in pieces and new keys; alerts;
// damage. Behind the records nothing may be written, and when they are given back
// nothing may refer to them. A new version of crypto/tls that does anything
// differently is found here, before a bot's traffic finds it.
func selfTest(open func(*tls.Conn) door) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the self-test panicked: %v", p)
		}
	}()
	certificate, err := identity()
	if err != nil {
		return err
	}
	t := &trial{buf: make([]byte, trialRead+Slack), plain: make([]byte, trialRead+MaxPlaintext)}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		peers := newPeers(certificate, version)
		for _, test := range []func(*trial) error{orderly, refused, damaged} {
			p, err := peers.connect()
			if err == nil {
				t.reset(p, open(p.client))
				err = test(t)
			}
			if err != nil {
				return fmt.Errorf("the self-test failed over %s: %w", tls.VersionName(version), err)
			}
		}
	}
	return nil
}

// orderly is the life of a connection, up to its orderly end.
func orderly(t *trial) error {
	for _, stage := range []func() error{t.begin, t.cuts, t.many} {
		if err := stage(); err != nil {
			return err
		}
	}
	last, err := t.crafted()
	if err != nil {
		return err
	}
	if last == nil {
		last, err = t.sent(func() error { return errors.Join(t.write("last words"), t.server.CloseWrite()) })
		if err != nil {
			return err
		}
	}
	if err := t.feed(last); err != nil {
		return err
	}
	if t.err == nil {
		_, t.err = t.client.Read(t.plain)
	}
	if t.err != io.EOF {
		return fmt.Errorf("close_notify: %v", t.err)
	}
	return t.check("close_notify")
}

// refused ends a connection by a fatal alert.
func refused(t *trial) error {
	if err := t.begin(); err != nil {
		return err
	}
	stream, err := t.sent(func() error {
		if err := t.write("before the alert"); err != nil {
			return err
		}
		t.toServer.write([]byte{typeApplication, 3, 3, 0, 1, 0}) // decrypts to nothing
		if _, err := t.server.Read(make([]byte, 1)); err == nil {
			return errors.New("a server took what was no record")
		}
		return nil
	})
	if err == nil {
		err = t.feed(stream)
	}
	if err != nil {
		return err
	}
	if t.err == nil || t.err == io.EOF {
		return fmt.Errorf("fatal alert: %v", t.err)
	}
	return t.check("fatal alert")
}

// damaged changes one byte on the way.
func damaged(t *trial) error {
	if err := t.begin(); err != nil {
		return err
	}
	stream, err := t.sent(func() error { return t.write("good") })
	if err != nil {
		return err
	}
	bad, err := t.sent(func() error { _, err := t.server.Write([]byte("bad")); return err })
	if err != nil {
		return err
	}
	bad[len(bad)-1] ^= 1
	if err := t.feed(append(stream, bad...)); err != nil {
		return err
	}
	if t.err == nil || t.err == io.EOF {
		return fmt.Errorf("a damaged record: %v", t.err)
	}
	return t.check("damaged record")
}

// begin lets the connection read for itself, as before a loop adopts it: the tickets,
// a record, of which a part is left for want of room, a second one ahead, and a third
// in part. Then the loop takes over.
func (t *trial) begin() error {
	stream, err := t.sent(func() error {
		return errors.Join(t.write("first"), t.write("second"), t.write("third"))
	})
	if err != nil {
		return err
	}
	t.count = records(t.door.Ahead()) + records(stream) // the tickets came with the handshake
	inPart := len(stream) - 3
	t.toClient.write(stream[:inPart])
	n, err := t.client.Read(t.plain[:2])
	t.got = append(t.got, t.plain[:n]...)
	for err == nil && (t.door.Pending() > 0 || Whole(t.door.Ahead()) > 0) {
		n, err = t.client.Read(t.plain)
		t.got = append(t.got, t.plain[:n]...)
	}
	if err != nil && err != errDry {
		return err
	}
	t.rest = append(bytes.Clone(t.door.Ahead()), t.toClient.take()...)
	t.door.Return()
	if err := t.feed(stream[inPart:]); err != nil {
		return err
	}
	return t.check("records read ahead")
}

// cuts sends the same three records cut at every byte, and byte by byte.
func (t *trial) cuts() error {
	three := func() ([]byte, error) {
		return t.sent(func() error { return errors.Join(t.write("a"), t.write("somewhat longer"), t.write("bc")) })
	}
	for at := 1; ; at++ {
		stream, err := three()
		if err != nil {
			return err
		}
		t.count += 3
		if at == len(stream) {
			for i := range stream {
				if err := t.feed(stream[i : i+1]); err != nil {
					return err
				}
			}
			return t.check("byte by byte")
		}
		if err := errors.Join(t.feed(stream[:at]), t.feed(stream[at:])); err != nil {
			return err
		}
		if err := t.check("cut"); err != nil {
			return err
		}
	}
}

// many sends several records in one read, one of the longest among them.
func (t *trial) many() error {
	stream, err := t.sent(func() error {
		for _, size := range []int{1, 100, 820, MaxPlaintext, 40} {
			if err := t.write(string(bytes.Repeat([]byte{byte(size)}, size))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	t.count += 5
	if err := t.feed(stream); err != nil {
		return err
	}
	return t.check("several records in one read")
}

// crafted sends what crypto/tls never writes, and returns the records of an orderly
// end: the server cannot write any more behind these. It returns nil where there is
// no sealer.
func (t *trial) crafted() (last []byte, err error) {
	s, err := newSealer(t.pair, t.count)
	if s == nil || err != nil {
		return nil, err
	}
	data := func(text string, padding int) []byte { return s.record(typeApplication, t.expect(text), padding) }

	read := slices.Concat(data("padded", 300), data("", 50), data("and behind it", 1))
	if err := errors.Join(t.feed(read), t.check("padding")); err != nil {
		return nil, err
	}

	// The connection keeps the first piece over the end of a loan.
	ticket := newTicket()
	if err := t.feed(s.record(typeHandshake, ticket[:7], 0)); err != nil {
		return nil, err
	}
	read = slices.Concat(s.record(typeHandshake, ticket[7:], 0), data("behind the ticket", 0))
	if err := errors.Join(t.feed(read), t.check("a ticket in two pieces")); err != nil {
		return nil, err
	}

	for _, answer := range []bool{false, true} {
		t.toServer.take()
		read = s.record(typeHandshake, keyUpdate(answer), 0)
		if err := s.update(); err != nil {
			return nil, err
		}
		read = append(read, data("with new keys", 0)...)
		if err := errors.Join(t.feed(read), t.check("KeyUpdate")); err != nil {
			return nil, err
		}
		if answered := records(t.toServer.take()) == 1; answered != answer {
			return nil, fmt.Errorf("KeyUpdate: an answer is due: %v; it came: %v", answer, answered)
		}
	}
	return slices.Concat(data("last words", 0), s.record(typeAlert, []byte{1, 0}, 0)), nil
}
