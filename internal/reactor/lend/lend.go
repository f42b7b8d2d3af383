// Package lend points a TLS connection at encrypted records that lie in somebody
// else's memory, for the length of a few Reads.
//
// A tls.Conn reads ciphertext into a buffer of its own, which grows to a whole
// record, 17 KB, stays for as long as the connection does, and costs an
// allocation a read. An event loop has the records in its buffer already: it
// lends them to the connection, reads the plaintext, and takes them back, so that
// an idle connection keeps nothing.
//
// This reaches into crypto/tls, which still owns the protocol. Two things decide
// whether it is done, on any version of Go: the three fields of a tls.Conn that it
// needs are found by name and type (fields.go), and a self-test, made when it is
// first asked for, sees the connection do with lent records what is expected of it
// (selftest.go). Otherwise, and under the build tag safe, [Supported] says why not,
// and the loop reads as everybody does.
package lend

import (
	"bytes"
	"crypto/tls"
)

// Slack is how many bytes behind the records must belong to the lender too. When
// all records are used up, crypto/tls makes room for the next header, and finds
// it there instead of allocating; nothing is written to it, since the connection
// beneath has nothing to read.
const Slack = 1024

// A record has at most so many bytes (RFC 8446, section 5; RFC 5246, section 6.2,
// allows 2048 bytes of overhead).
const (
	MaxPlaintext  = 16 << 10
	maxCiphertext = MaxPlaintext + 2048
	headerSize    = 5
)

// Supported returns "" if records can be lent, or else why not. The first call runs
// the self-test, in a few milliseconds; the others cost nothing. Any goroutine may
// call it.
func Supported() string { return supported() }

// Conn is a TLS connection to which records can be lent. It is used by one
// goroutine at a time, the one that reads.
type Conn struct {
	raw   *bytes.Buffer // tls.Conn.rawInput: ciphertext
	input *bytes.Reader // tls.Conn.input: plaintext of the current record
	hand  *bytes.Buffer // tls.Conn.hand: the beginning of a handshake message
}

// Of returns the door to a connection. It must only be called where Supported
// returns "".
func Of(c *tls.Conn) Conn { return of(c) }

// Lend has the connection read from records next: any number of whole records,
// each with its header, with Slack bytes of capacity behind them. Until Return
// they belong to the connection, which decrypts them in place. The connection
// beneath must find nothing to read meanwhile.
func (c Conn) Lend(records []byte) {
	*c.raw = *bytes.NewBuffer(records)
}

// Ahead returns the ciphertext that has not been read yet, lent or the
// connection's own. It is borrowed until the next Read, Lend or Return.
func (c Conn) Ahead() []byte { return c.raw.Bytes() }

// Pending returns how many bytes of plaintext the last Read left for want of
// room.
func (c Conn) Pending() int { return c.input.Len() }

// Return ends the loan, and has the connection give up the memory that it does
// not need between reads: what was ahead is lost.
func (c Conn) Return() {
	*c.raw = bytes.Buffer{}
	if c.hand.Len() == 0 && c.hand.Cap() > 0 {
		*c.hand = bytes.Buffer{}
	}
}

// Whole returns the length of the whole records that b begins with. Where a header
// announces more than a record can have, it is the length of b, so that crypto/tls
// sees the header and refuses it.
func Whole(b []byte) (n int) {
	for len(b)-n >= headerSize {
		size := int(b[n+3])<<8 | int(b[n+4])
		if size > maxCiphertext {
			return len(b)
		}
		if len(b)-n < headerSize+size {
			break
		}
		n += headerSize + size
	}
	return n
}
