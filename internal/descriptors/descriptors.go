// Package descriptors is about the limit on what a process may have open: on Unix a
// file, a socket or an epoll set is a descriptor, and each connection takes one.
package descriptors

import (
	"errors"
	"net"
	"strings"
)

// Exhausted reports whether an error says that no descriptor was left, of the process or
// of the system. net.DNSError keeps no cause but its text.
func Exhausted(err error) bool {
	if err == nil {
		return false
	}
	var dns *net.DNSError
	isDNS := errors.As(err, &dns)
	for _, e := range exhausted {
		if errors.Is(err, e) || isDNS && strings.Contains(dns.Err, e.Error()) {
			return true
		}
	}
	return false
}
