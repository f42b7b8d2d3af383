package frame

import (
	"encoding/binary"
	"strconv"
)

// letters returns n bytes of ASCII text.
func letters(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte(i%26)
	}
	return b
}

func byteCount(n int) string { return strconv.Itoa(n) + "B" }

// fragments returns a message as a server's frames of at most size bytes.
func fragments(op Opcode, payload []byte, size int) []byte {
	var b []byte
	for {
		n := min(size, len(payload))
		start := len(b)
		b = AppendServerFrame(b, op, payload[:n])
		if payload = payload[n:]; len(payload) == 0 {
			return b
		}
		b[start] &^= bitFin
		op = OpContinuation
	}
}

// loan lends one buffer after another, as a pool would, and counts them.
type loan struct {
	free      [][]byte
	lent      int
	taken     int // calls of Get
	mostBytes int // the most bytes lent at once
	bytes     int
}

func (l *loan) Get(n int) []byte {
	l.lent++
	l.taken++
	for i, b := range l.free {
		if cap(b) >= n {
			l.free[i] = l.free[len(l.free)-1]
			l.free = l.free[:len(l.free)-1]
			return l.count(b)
		}
	}
	return l.count(make([]byte, n))
}

func (l *loan) count(b []byte) []byte {
	l.bytes += cap(b)
	l.mostBytes = max(l.mostBytes, l.bytes)
	return b
}

func (l *loan) Put(b []byte) {
	l.lent--
	l.bytes -= cap(b)
	b = b[:cap(b)]
	for i := range b {
		b[i] = 0xcc
	}
	l.free = append(l.free, b)
}

// maskWordwise is the plain way to mask, eight bytes at a time: the oracle for
// Mask, and its rival.
func maskWordwise(b []byte, key [4]byte) {
	word := uint64(binary.LittleEndian.Uint32(key[:]))
	word |= word << 32
	for ; len(b) >= 8; b = b[8:] {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
	}
	for i := range b {
		b[i] ^= key[i%4]
	}
}
