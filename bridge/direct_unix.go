//go:build unix

package bridge

import (
	"net"
	"syscall"
)

// socket writes to a connection without waiting.
type socket struct {
	raw syscall.RawConn
	try func(fd uintptr) (done bool) // made once, as it would be allocated each time
	buf []byte
	n   int
}

// socketOf returns the socket of a connection of package net, nil for others: what lies above a socket may not be passed
// by.
func socketOf(nc net.Conn) *socket {
	var raw syscall.RawConn
	var err error
	switch nc := nc.(type) {
	case *net.TCPConn:
		raw, err = nc.SyscallConn()
	case *net.UnixConn:
		raw, err = nc.SyscallConn()
	default:
		return nil
	}
	if err != nil {
		return nil
	}
	s := &socket{raw: raw}
	s.try = func(fd uintptr) bool {
		s.n = writeFD(fd, s.buf) // package net's descriptors do not block
		return true
	}
	return s
}

// write writes what the socket takes now, and returns how much that is. An error shows when the rest is written. Nobody
// else may be writing: that would be waited for.
func (s *socket) write(b []byte) int {
	if len(b) == 0 {
		return 0
	}
	s.buf, s.n = b, 0
	_ = s.raw.Write(s.try)
	s.buf = nil
	return s.n
}
